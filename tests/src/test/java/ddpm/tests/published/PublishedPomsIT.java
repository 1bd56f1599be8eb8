package ddpm.tests.published;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/**
 * A pom that any resolver reads alike: Gradle and sbt know neither Maven's profiles nor the machine they would depend on, and
 * take the newest version of two where Maven takes the nearest.
 */
class PublishedPomsIT {
    @Test
    void nothingDependsOnProfilesParentsOrProperties() throws IOException {
        for (var module : Staged.modules()) {
            var text = Files.readString(Staged.pom(module));
            var project = Staged.read(Staged.pom(module));
            assertTrue(Staged.children(project, "parent").isEmpty(), text);
            assertTrue(Staged.children(project, "profiles").isEmpty(), text);
            assertFalse(text.replace("${project.version}", "").contains("${"), text);
        }
    }

    @Test
    void everyPomHasWhatMavenCentralAsksFor() throws IOException {
        for (var module : Staged.modules()) {
            var project = Staged.read(Staged.pom(module));
            for (var element :
                    Set.of("name", "description", "url", "licenses", "developers", "scm", "issueManagement")) {
                assertFalse(Staged.text(project, element).isEmpty(), module + " has no " + element);
            }
            // Maven appends the name of a child's folder to what it inherits, unless the parent forbids it.
            assertTrue(Staged.text(project, "url").endsWith("/ddpm/ddpm"), Staged.text(project, "url"));
            assertTrue(
                    Staged.text(Staged.children(project, "scm").getFirst(), "url")
                            .endsWith("/ddpm/ddpm"),
                    module.toString());
        }
    }

    @Test
    void theLibraryBringsNoNativesAndEachPlatformBringsItsOwn() throws IOException {
        for (var module : Staged.modules()) {
            var project = Staged.read(Staged.pom(module));
            var classifiers = new TreeSet<String>();
            for (var dependency : dependencies(project)) {
                if (!Staged.text(dependency, "optional").equals("true")) {
                    classifiers.add(Staged.text(dependency, "classifier"));
                    assertFalse(Staged.text(dependency, "artifactId").startsWith("ddpm-natives"), module.toString());
                }
            }
            var artifact = Staged.text(project, "artifactId");
            if (artifact.equals("ddpm-natives-linux-x86_64-gpu")) {
                assertEquals(Set.of("", "linux-x86_64", "linux-x86_64-gpu"), classifiers);
            } else if (artifact.startsWith("ddpm-natives-")) {
                assertEquals(Set.of(artifact.substring("ddpm-natives-".length())), classifiers);
            } else if (!artifact.equals("ddpm-bom")) {
                assertEquals(Set.of(""), classifiers, artifact);
            }
        }
    }

    /** Bytedeco's poms ask for an OpenBLAS that is not ours: whoever takes the newest must not meet it. */
    @Test
    void noPathLeadsToAnotherOpenBlas() throws IOException {
        for (var module : Staged.modules()) {
            for (var dependency : dependencies(Staged.read(Staged.pom(module)))) {
                if (Staged.text(dependency, "artifactId").equals("pytorch")) {
                    assertTrue(
                            Staged.text(dependency, "exclusions").matches("(?s).*org\\.bytedeco\\s+(openblas|\\*).*"),
                            module + ": " + Staged.text(dependency, "exclusions"));
                }
            }
        }
    }

    @Test
    void theBomNamesEveryPublishedArtifact() throws IOException {
        var published = new TreeSet<String>();
        var managed = new TreeSet<String>();
        for (var module : Staged.modules()) {
            var project = Staged.read(Staged.pom(module));
            var artifact = Staged.text(project, "artifactId");
            if (artifact.equals("ddpm-bom")) {
                var management =
                        Staged.children(project, "dependencyManagement").getFirst();
                dependencies(management).forEach(d -> managed.add(Staged.text(d, "artifactId")));
            } else {
                published.add(artifact);
            }
        }
        assertEquals(published, managed);
    }

    private static List<Element> dependencies(Element parent) {
        return Staged.children(parent, "dependencies").stream()
                .flatMap(list -> Staged.children(list, "dependency").stream())
                .toList();
    }
}
