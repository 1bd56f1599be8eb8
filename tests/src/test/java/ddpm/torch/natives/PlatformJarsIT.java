package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.tests.published.NeededLibraries;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every native library in a jar that runs by itself finds what it asks its linker for, in the jar or in the system; seen
 * without running it, so for platforms other than this one too.
 *
 * <p>The jars are this platform's and, with {@code -Pall-platforms}, each platform's and the one for all.
 */
class PlatformJarsIT {
    private static final Pattern PLATFORM = Pattern.compile("org/bytedeco/pytorch/([a-z]+-[a-z0-9_-]+)/.+");

    /** What every system of the kind has, or the JVM before us. */
    private static final Pattern LINUX =
            Pattern.compile("(ld-linux-x86-64\\.so\\.2|lib(c|m|dl|rt|pthread)\\.so\\.\\d|libstdc\\+\\+\\.so\\.6)");

    private static final Pattern MACOS = Pattern.compile("/usr/lib/.+|/System/Library/.+");
    private static final Pattern WINDOWS = Pattern.compile(
            "api-ms-win-.+|(kernel32|user32|advapi32|iphlpapi|userenv|ws2_32|psapi|dbghelp|msvcrt)\\.dll");

    static Stream<Path> jars() {
        var target = Path.of(System.getProperty("ddpm.cli.jar")).getParent();
        var others = Stream.of(System.getProperty("ddpm.platforms", "").split(","))
                .filter(name -> !name.isBlank())
                .map(name -> target.resolve("ddpm-cli-" + System.getProperty("ddpm.version") + "-" + name + ".jar"));
        return Stream.concat(Stream.of(target.resolve("ddpm-cli.jar")), others);
    }

    @ParameterizedTest
    @MethodSource("jars")
    void nativesAreComplete(Path file) throws IOException {
        assertTrue(Files.isRegularFile(file), "no " + file);
        var platforms = platforms(file);
        var classifier = file.getFileName().toString().replaceAll("ddpm-cli(-[0-9.]+(-SNAPSHOT)?)?-?|\\.jar", "");
        if (!classifier.isEmpty()) {
            assertEquals(
                    classifier.equals("all")
                            ? Set.of("linux-x86_64", "macosx-arm64", "windows-x86_64")
                            : Set.of(classifier),
                    platforms);
        }
        assertFalse(platforms.isEmpty(), file + " holds no libtorch");
        try (var loader = new URLClassLoader(new URL[] {file.toUri().toURL()}, null);
                var jar = new JarFile(file.toFile())) {
            for (var platform : platforms) {
                var libraries =
                        BundledNatives.find(loader, platform).orElseThrow().libraries();
                assertHoldsTheRoots(platform, libraries);
                for (var library : libraries) {
                    assertFindsWhatItNeeds(jar, platform, library, libraries);
                }
            }
        }
        System.out.printf("%s: %,d bytes, natives for %s%n", file.getFileName(), Files.size(file), platforms);
    }

    /** So that no message names an artifact that there is not. */
    @Test
    void everyPlatformThatMessagesNameIsPublished() throws IOException {
        var release = Path.of(System.getProperty("ddpm.root", "..")).resolve("release");
        try (var folders = Files.list(release)) {
            var published = folders.map(folder -> folder.getFileName().toString())
                    .filter(name -> name.startsWith("natives-") && !name.endsWith("-gpu"))
                    .map(name -> name.substring("natives-".length()))
                    .sorted()
                    .toList();
            assertEquals(TorchFolder.PUBLISHED, published);
        }
    }

    private static Set<String> platforms(Path file) throws IOException {
        try (var jar = new JarFile(file.toFile())) {
            return jar.stream()
                    .map(ZipEntry::getName)
                    .map(PLATFORM::matcher)
                    .filter(matcher -> matcher.matches())
                    .map(matcher -> matcher.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /** What {@link NativeCache} and JavaCPP load by name; the rest follows from what these need. */
    private static void assertHoldsTheRoots(String platform, List<BundledNatives.Library> libraries) {
        var names = libraries.stream().map(library -> stem(library.name())).collect(Collectors.toSet());
        for (var root : List.of("c10", "torch_cpu", "torch", "jnitorch", "jnijavacpp", "jniopenblas_nolapack")) {
            assertTrue(names.contains(root), platform + " has no " + root + ": " + names);
        }
    }

    private static void assertFindsWhatItNeeds(
            JarFile jar, String platform, BundledNatives.Library library, List<BundledNatives.Library> beside)
            throws IOException {
        byte[] bytes;
        try (var in = BundledNatives.bytes(jar, library)) {
            bytes = in.readAllBytes();
        }
        var all = NeededLibraries.of(bytes);
        // Windows' API sets are tables that the system looks names up in.
        assertTrue(
                library.name().startsWith("api-ms-win-") || !all.isEmpty(),
                platform + ": " + library.name() + " needs nothing, which no library does");
        for (var needed : all) {
            assertTrue(
                    isOfTheSystem(platform, needed)
                            || beside.stream().anyMatch(other -> provides(other.name(), needed)),
                    () -> platform + ": " + library.name() + " needs " + needed + ", which is neither in "
                            + jar.getName() + " nor part of the system");
        }
    }

    private static boolean isOfTheSystem(String platform, String needed) {
        return switch (platform.substring(0, platform.indexOf('-'))) {
            case "linux" -> LINUX.matcher(needed).matches();
            case "macosx" -> MACOS.matcher(needed).matches();
            case "windows" -> WINDOWS.matcher(needed.toLowerCase(Locale.ROOT)).matches();
            default -> false;
        };
    }

    /** OpenBLAS answers to its name without LAPACK as well: JavaCPP lays a link of that name beside it. */
    private static boolean provides(String name, String needed) {
        var wanted = needed.replace("@rpath/", "").replace("openblas_nolapack", "openblas");
        return name.equalsIgnoreCase(wanted);
    }

    private static String stem(String name) {
        return name.replaceFirst("^lib", "").replaceFirst("\\.(so|dylib|dll).*", "");
    }
}
