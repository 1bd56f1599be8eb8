package ddpm.tests.published;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/**
 * The artifacts of this build in a Maven repository of their own: the poms as they would be published, and the thin jars.
 *
 * @param repository its folder
 * @param version the version that was built
 */
record Staged(Path repository, String version) {
    /** The modules that are published, by their folders. */
    static List<Path> modules() throws IOException {
        var root =
                Path.of(System.getProperty("ddpm.root", "..")).toAbsolutePath().normalize();
        try (var release = Files.list(root.resolve("release"))) {
            return Stream.concat(
                            Stream.of("ddpm-native", "ddpm-dsl", "ddpm-cli").map(root::resolve),
                            release.filter(folder -> Files.isRegularFile(folder.resolve("pom.xml")))
                                    .sorted())
                    .toList();
        }
    }

    /** The pom of a module as it would be published. */
    static Path pom(Path module) {
        var pom = module.resolve("target/published-pom.xml");
        if (!Files.isRegularFile(pom)) {
            throw new IllegalStateException("no " + pom + ": `mvn verify` makes it before these tests");
        }
        return pom;
    }

    /** Copies what was built, as {@code mvn deploy} would. */
    static Staged in(Path repository) throws IOException {
        String version = null;
        for (var module : modules()) {
            var project = read(pom(module));
            var artifact = text(project, "artifactId");
            version = text(project, "version");
            var folder = Files.createDirectories(
                    repository.resolve("io/github/ddpm").resolve(artifact).resolve(version));
            var name = artifact + "-" + version;
            Files.copy(pom(module), folder.resolve(name + ".pom"));
            if (!"pom".equals(text(project, "packaging"))) {
                Files.copy(module.resolve("target").resolve(name + ".jar"), folder.resolve(name + ".jar"));
            }
        }
        return new Staged(repository, version);
    }

    static Element read(Path pom) throws IOException {
        try {
            var factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            Document document = factory.newDocumentBuilder().parse(pom.toFile());
            return document.getDocumentElement();
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException(pom + ": " + e.getMessage(), e);
        }
    }

    /** The text of a child, or empty. */
    static String text(Element parent, String child) {
        return children(parent, child).stream()
                .map(element -> element.getTextContent().strip())
                .findFirst()
                .orElse("");
    }

    static List<Element> children(Element parent, String name) {
        var found = new ArrayList<Element>();
        for (var node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element && element.getTagName().equals(name)) {
                found.add(element);
            }
        }
        return found;
    }
}
