package ddpm.tests;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Collator;
import java.text.DateFormat;
import java.text.MessageFormat;
import java.text.NumberFormat;
import java.util.Arrays;
import java.util.Formatter;
import java.util.List;
import java.util.Scanner;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The floors of the house and the arrows between them, which only ever point down. */
class ArchitectureTest {
    private static final Path ROOT = Path.of(System.getProperty("ddpm.root", ".."));

    private static final JavaClasses ALL = load("ddpm-native", "ddpm-dsl", "ddpm-cli");

    private static JavaClasses load(String... modules) {
        var importer = new ClassFileImporter();
        var folders = Arrays.stream(modules)
                .map(module -> ROOT.resolve(module).resolve("target/classes"))
                .toList();
        for (var folder : folders) {
            assertTrue(Files.isDirectory(folder), folder + " is missing: build the modules below first");
        }
        return importer.importPaths(folders);
    }

    @Test
    void allFloorsAreSeen() {
        var packages = ALL.stream().map(c -> c.getPackageName()).collect(Collectors.toCollection(TreeSet::new));
        for (var expected : new String[] {
            "ddpm.torch",
            "ddpm.torch.collective",
            "ddpm.torch.cpp",
            "ddpm.torch.cuda",
            "ddpm.torch.natives",
            "ddpm.nn",
            "ddpm.diffusion",
            "ddpm.sampling",
            "ddpm.data",
            "ddpm.http",
            "ddpm.image",
            "ddpm.io",
            "ddpm.model",
            "ddpm.model.hub",
            "ddpm.model.onnx",
            "ddpm.eval",
            "ddpm.train",
            "ddpm.cli"
        }) {
            assertTrue(packages.contains(expected), expected + " is not among " + packages);
        }
    }

    @Test
    void onlyTheBottomFloorSpeaksToNativeCode() {
        noClasses()
                .that()
                .resideOutsideOfPackage("ddpm.torch..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.lang.foreign..", "org.bytedeco..")
                .check(ALL);
    }

    @Test
    void javaCppsTypesStayInTheirPackageAndTheLoaderOfLibraries() {
        noClasses()
                .that()
                .resideOutsideOfPackage("ddpm.torch.cpp..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.bytedeco..")
                .check(ALL);
    }

    @Test
    void theBottomFloorKnowsNothingAbove() {
        noClasses()
                .that()
                .resideInAPackage("ddpm.torch..")
                .should()
                .dependOnClassesThat(areOursOutside("ddpm.torch"))
                .check(ALL);
    }

    /** Loading libraries comes before libtorch; the other rooms of the bottom floor stand on it. */
    @Test
    void theLoaderOfLibrariesKnowsNothingOfOurs() {
        onlyKnows("ddpm.torch.natives");
    }

    /** Only a class that holds a function's handle calls it, by one method for each function. */
    @Test
    void methodHandlesAreInvokedInTheBindingsAlone() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("ddpm.torch.Abi")
                .and()
                .doNotHaveFullyQualifiedName("ddpm.torch.TensorAbi")
                .and()
                .doNotHaveFullyQualifiedName("ddpm.torch.CppSymbols")
                .and()
                .doNotHaveFullyQualifiedName("ddpm.torch.LibC")
                .and()
                .resideOutsideOfPackage("ddpm.torch.cuda..")
                .should()
                .callMethodWhere(target(owner(equivalentTo(MethodHandle.class))))
                .check(ALL);
    }

    /** Each package of the middle floor with all that it may know; nothing else of ours. */
    @ParameterizedTest
    @CsvSource({
        "ddpm.text, ''",
        "ddpm.http, ddpm.text",
        "ddpm.nn, ddpm.torch ddpm.io",
        "ddpm.diffusion, ddpm.torch ddpm.text",
        "ddpm.sampling, ddpm.torch ddpm.diffusion",
        "ddpm.io, ddpm.torch ddpm.text",
        "ddpm.image, ddpm.torch ddpm.text ddpm.io",
        "ddpm.data, ddpm.torch ddpm.text ddpm.http ddpm.io ddpm.image",
        "ddpm.model, ddpm.torch ddpm.text ddpm.http ddpm.io ddpm.data ddpm.nn ddpm.diffusion ddpm.sampling",
        "ddpm.eval, ddpm.torch ddpm.text ddpm.io ddpm.image ddpm.data ddpm.nn ddpm.diffusion ddpm.model",
        "ddpm.train, ddpm.torch ddpm.text ddpm.io ddpm.image ddpm.data ddpm.nn ddpm.diffusion ddpm.sampling ddpm.model"
                + " ddpm.eval",
        "ddpm.cli.console, ddpm.torch ddpm.text ddpm.io",
        "ddpm.cli.hub, ddpm.text ddpm.http ddpm.model ddpm.cli.console",
        "ddpm.cli.result, ddpm.io ddpm.data ddpm.image ddpm.eval ddpm.train ddpm.cli.console",
        "ddpm.cli.process, ''"
    })
    void arrowsPointDown(String room, String below) {
        onlyKnows(room, below.isEmpty() ? new String[0] : below.split(" "));
    }

    @Test
    void nobodyKnowsTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackages("ddpm.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ddpm.cli..")
                .check(ALL);
        noClasses()
                .that()
                .resideOutsideOfPackages("ddpm.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("picocli..")
                .check(ALL);
    }

    /** But for doctor, whose trial convolution shows that the machine computes at all. */
    @Test
    void theCommandLineDoesNoMathematics() {
        noClasses()
                .that()
                .resideInAPackage("ddpm.cli..")
                .and()
                .doNotHaveFullyQualifiedName("ddpm.cli.Doctor")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("ddpm.torch.Ops")
                .check(ALL);
    }

    @Test
    void noPackageIsAHeapOfUtilitiesAndNoNameHidesWhatAClassIs() {
        classes()
                .should()
                .haveNameNotMatching(".*(Manager|Helper|Impl|Utils?)")
                .andShould()
                .resideOutsideOfPackages("..util..", "..utils..", "..common..", "..helpers..")
                .check(ALL);
    }

    /** Files, options and messages have ASCII digits and points wherever they are written: in fa_IR a step is found again. */
    @Test
    void nothingIsFormattedInTheDefaultLocale() {
        noClasses()
                .should()
                .callMethod(String.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(String.class, "formatted", Object[].class)
                .orShould()
                .callMethod(String.class, "toLowerCase")
                .orShould()
                .callMethod(String.class, "toUpperCase")
                .orShould()
                .callMethod(PrintStream.class, "printf", String.class, Object[].class)
                .orShould()
                .callMethod(PrintStream.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(PrintWriter.class, "printf", String.class, Object[].class)
                .orShould()
                .callMethod(PrintWriter.class, "format", String.class, Object[].class)
                .orShould()
                .callConstructor(Formatter.class)
                .orShould()
                .callConstructor(Formatter.class, Appendable.class)
                .orShould()
                .callConstructor(Scanner.class, InputStream.class)
                .orShould()
                .callConstructor(Scanner.class, String.class)
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(NumberFormat.class, DateFormat.class, MessageFormat.class, Collator.class)
                .check(ALL);
    }

    /** What a package is for, and what may not be in it, is said in its package-info. */
    @Test
    void everyPackageSaysWhatLivesThere() throws Exception {
        var missing = new TreeSet<String>();
        for (var module : new String[] {"ddpm-native", "ddpm-dsl", "ddpm-cli"}) {
            try (var sources = Files.walk(ROOT.resolve(module).resolve("src"))) {
                sources.filter(file -> file.toString().endsWith(".java")
                                && !file.endsWith("module-info.java")
                                && !file.toString().contains("src/test"))
                        .map(Path::getParent)
                        .distinct()
                        .filter(folder -> !Files.isRegularFile(folder.resolve("package-info.java")))
                        .forEach(folder -> missing.add(ROOT.relativize(folder).toString()));
            }
        }
        assertEquals(new TreeSet<String>(), missing, "folders without a package-info.java");
    }

    @Test
    void noPackageIsTooLargeToKnow() throws Exception {
        var large = new TreeSet<String>();
        for (var module : new String[] {"ddpm-native", "ddpm-dsl", "ddpm-cli"}) {
            try (var sources = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
                sources.filter(file -> file.toString().endsWith(".java") && !file.endsWith("package-info.java"))
                        .collect(Collectors.groupingBy(Path::getParent, Collectors.counting()))
                        .forEach((folder, files) -> {
                            if (files > 40) {
                                large.add(ROOT.relativize(folder) + ": " + files);
                            }
                        });
            }
        }
        assertEquals(new TreeSet<String>(), large, "packages of more than 40 classes");
    }

    private static void onlyKnows(String floor, String... below) {
        noClasses()
                .that()
                .resideInAPackage(floor + "..")
                .should()
                .dependOnClassesThat(areOursOutside(
                        Stream.concat(Stream.of(floor), Arrays.stream(below)).toArray(String[]::new)))
                .check(ALL);
    }

    private static DescribedPredicate<JavaClass> areOursOutside(String... packages) {
        return DescribedPredicate.describe(
                "are ours and outside " + List.of(packages),
                c -> c.getPackageName().startsWith("ddpm.")
                        && Arrays.stream(packages)
                                .noneMatch(p -> c.getPackageName().equals(p)
                                        || c.getPackageName().startsWith(p + ".")));
    }
}
