package ddpm.torch.natives;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;

/**
 * libtorch's native libraries as they lie in jars on the class path: one jar per project (Maven's class path) or all in
 * one (a shaded jar). Found by listing the jars' central directories, so no list of file names is kept here and nothing
 * is decompressed.
 *
 * @param platform JavaCPP's name of the platform, such as {@code linux-x86_64}, or {@code linux-x86_64-gpu} for CUDA
 * @param libraries the native libraries, in order of name, names unique
 */
record BundledNatives(String platform, List<Library> libraries) {
    /** A native library: no header, no source, no CMake file. */
    private static final Pattern NATIVE = Pattern.compile("[^/]+\\.(so(\\.\\d+)*|dylib|dll)");

    /** Two 24 MB bindings of all of BLAS and LAPACK that neither libtorch nor its own binding asks for. */
    private static final Pattern UNUSED = Pattern.compile("(lib)?jniopenblas(_full)?\\.(so|dylib|dll)");

    /**
     * One library inside a jar.
     *
     * @param name the file name, without a folder
     * @param jar a {@code jar:} address of its folder or of a sibling in the same jar
     * @param entry the name inside the jar
     * @param size bytes when unpacked
     * @param crc the CRC-32 of those bytes
     */
    record Library(String name, URL jar, String entry, long size, long crc) {}

    BundledNatives {
        libraries =
                libraries.stream().sorted(Comparator.comparing(Library::name)).toList();
    }

    /**
     * Finds the natives for the machine this runs on; the CUDA build when it is on the class path.
     *
     * @throws IOException if a jar cannot be read
     */
    static Optional<BundledNatives> find(ClassLoader loader) throws IOException {
        String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
        var forCuda = find(loader, platform + "-gpu");
        return forCuda.isPresent() ? forCuda : find(loader, platform);
    }

    /**
     * @param platform the folder name under {@code org/bytedeco/pytorch/}; a suffix {@code -gpu} is dropped for the
     *     projects that have one build for both
     * @return empty if libtorch itself is not bundled for that platform
     * @throws IOException if a jar cannot be read
     */
    static Optional<BundledNatives> find(ClassLoader loader, String platform) throws IOException {
        String base = platform.replaceFirst("-gpu$", "");
        List<Library> torch = list(loader, "org/bytedeco/pytorch/" + platform + "/", "c10");
        if (torch.isEmpty()) {
            return Optional.empty();
        }
        List<Library> all = new ArrayList<>(torch);
        all.addAll(list(loader, "org/bytedeco/openblas/" + base + "/", "jniopenblas_nolapack"));
        all.addAll(list(loader, "org/bytedeco/javacpp/" + base + "/", "jnijavacpp"));
        if (!platform.equals(base)) {
            all.addAll(list(loader, "org/bytedeco/cuda/" + base + "/", "jnicudart"));
        }
        Map<String, Library> byName = new LinkedHashMap<>();
        // libtorch's own copy of a shared runtime (libgomp, libomp) comes first and wins.
        all.forEach(library -> byName.putIfAbsent(library.name(), library));
        return Optional.of(new BundledNatives(platform, List.copyOf(byName.values())));
    }

    /** @return JavaCPP's name for an operating system and architecture as the JVM names them */
    static String platform(String osName, String osArch) {
        String os = osName.startsWith("Mac")
                ? "macosx"
                : osName.startsWith("Windows") ? "windows" : osName.toLowerCase(Locale.ROOT);
        String arch = switch (osArch) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "arm64";
            default -> osArch;
        };
        return os + "-" + arch;
    }

    /** @return bytes of all libraries when unpacked */
    long totalSize() {
        return libraries.stream().mapToLong(Library::size).sum();
    }

    /** @return the folder name for exactly these contents: the platform and a hash of names, sizes and CRCs */
    String key() {
        // FNV-1a with 64 bits. A cryptographic digest would add nothing to CRCs, and its provider costs 10 ms at start.
        long hash = 0xcbf29ce484222325L;
        for (Library library : libraries) {
            String line = library.name() + " " + library.size() + " " + library.crc() + "\n";
            for (int i = 0; i < line.length(); i++) {
                hash = (hash ^ line.charAt(i)) * 0x100000001b3L;
            }
        }
        return platform + "-" + HexFormat.of().toHexDigits(hash);
    }

    /** Opens the jar at an address of something inside it; the caller closes it. */
    static JarFile open(URL inside) throws IOException {
        if (!(inside.openConnection() instanceof JarURLConnection connection)) {
            throw new IOException("libtorch's libraries are at " + inside + ", which is not inside a jar;"
                    + " put the jar of org.bytedeco:pytorch itself on the class path");
        }
        // A cached JarFile would be shared with the class loader, and closing it would close it there too.
        connection.setUseCaches(false);
        return connection.getJarFile();
    }

    /** All native libraries directly in a folder of the first jar that has it. */
    private static List<Library> list(ClassLoader loader, String folder, String anchor) throws IOException {
        URL inside = loader.getResource(folder);
        if (inside == null) {
            // Some packers write no entries for folders: fall back on a file that every platform has.
            inside = loader.getResource(folder + System.mapLibraryName(anchor));
        }
        if (inside == null) {
            return List.of();
        }
        try (JarFile jar = open(inside)) {
            List<Library> found = new ArrayList<>();
            for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
                JarEntry entry = entries.nextElement();
                if (isNative(entry.getName(), folder)) {
                    String name = entry.getName().substring(folder.length());
                    found.add(new Library(name, inside, entry.getName(), entry.getSize(), entry.getCrc()));
                }
            }
            return found;
        } catch (IOException e) {
            throw new IOException("Cannot read the jar that holds libtorch: " + e.getMessage(), e);
        }
    }

    private static boolean isNative(String entry, String folder) {
        if (!entry.startsWith(folder)) {
            return false;
        }
        String name = entry.substring(folder.length());
        return NATIVE.matcher(name).matches() && !UNUSED.matcher(name).matches();
    }

    /** Opens one library's bytes inside its opened jar. */
    static InputStream bytes(JarFile jar, Library library) throws IOException {
        ZipEntry entry = jar.getEntry(library.entry());
        if (entry == null) {
            throw new IOException(
                    jar.getName() + " no longer holds " + library.entry() + ": was it replaced just now?");
        }
        return jar.getInputStream(entry);
    }
}
