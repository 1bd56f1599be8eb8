package ddpm.launch;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * The program's classes as a JVM keeps them in memory, loaded and linked: an AOT cache (JEP 483, 514), which takes about
 * a quarter off a start. Made once for each jar and JDK by a process of its own beside the first command, in
 * {@code <cache>/starts/<key>-<checksum>.aot}. Only a file whose contents have that checksum is used, for a JVM would
 * run whatever stands in a damaged one. Where none can be had, everything starts as it does without.
 */
final class StartArchive {
    /** Set to {@code off} where no archive shall be made or used. */
    static final String VARIABLE = "DDPM_START_ARCHIVE";

    private static final String SUFFIX = ".aot";

    /** Making one takes seconds: whoever began longer ago than this died over it. */
    private static final long MILLIS_OF_MAKING = 600000;

    /**
     * Making one takes some 600 MB beside the command that runs: none is made below this limit of the heap, which is a
     * fourth of what the machine or its container has.
     */
    private static final long LEAST_HEAP = 1L << 30;

    private static final int KEPT = 4;

    private final Path folder;
    private final String key;

    private StartArchive(Path folder, String key) {
        this.folder = folder;
        this.key = key;
    }

    /**
     * @param jar the class path
     * @return null where none is wanted, or there is no place for it
     */
    static StartArchive of(JavaHome java, String jar, Map<String, String> environment) {
        if ("off".equals(environment.get(VARIABLE)) || !Files.isRegularFile(Paths.get(jar))) {
            return null;
        }
        Path cache = cache(environment);
        try {
            return cache == null ? null : new StartArchive(cache.resolve("starts"), key(java, Paths.get(jar)));
        } catch (IOException e) {
            return null;
        }
    }

    /** The cache's root as the program finds it, or null if nothing says where. */
    static Path cache(Map<String, String> environment) {
        String os = System.getProperty("os.name");
        String home = isSet(environment.get("HOME")) ? environment.get("HOME") : System.getProperty("user.home");
        String base;
        if (isSet(System.getProperty("ddpm.cache"))) {
            base = System.getProperty("ddpm.cache");
        } else if (isSet(environment.get("DDPM_CACHE"))) {
            base = environment.get("DDPM_CACHE");
        } else if (os.startsWith("Windows") && isSet(environment.get("LOCALAPPDATA"))) {
            base = environment.get("LOCALAPPDATA") + "/ddpm";
        } else if (!isSet(home) || home.equals("?")) {
            return null;
        } else if (os.startsWith("Windows")) {
            base = home + "/AppData/Local/ddpm";
        } else if (os.startsWith("Mac")) {
            base = home + "/Library/Caches/ddpm";
        } else {
            String xdg = environment.get("XDG_CACHE_HOME");
            base = isSet(xdg) && xdg.startsWith("/") ? xdg + "/ddpm" : home + "/.cache/ddpm";
        }
        return Paths.get(base).toAbsolutePath().normalize();
    }

    private static boolean isSet(String value) {
        return value != null && !value.trim().isEmpty();
    }

    /** What a JVM asks of an archive: the same jar at the same place, and the same JDK. */
    private static String key(JavaHome java, Path jar) throws IOException {
        CRC32 sum = new CRC32();
        for (Path file : Arrays.asList(jar, java.home().resolve("release"), java.executable())) {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            String line = file.toRealPath() + " " + attributes.size() + " "
                    + attributes.lastModifiedTime().toMillis() + "\n";
            sum.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return hex(sum);
    }

    private static String hex(CRC32 sum) {
        return String.format(Locale.ROOT, "%08x", sum.getValue());
    }

    /** The whole and undamaged archive, or null. One that is damaged is deleted where that is allowed. */
    Path usable() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, key + "-*" + SUFFIX)) {
            for (Path file : files) {
                if (name(file).equals(key + "-" + checksum(file) + SUFFIX)) {
                    return file;
                }
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            return null; // there is none, or it is not to be read
        } catch (RuntimeException e) {
            return null; // DirectoryIteratorException and what mapping throws
        }
        return null;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    private static String checksum(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            CRC32 sum = new CRC32();
            sum.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
            return hex(sum);
        }
    }

    /**
     * Starts a process that makes the archive and outlives this one, unless one is at it already or has tried. Says
     * nothing: it is no part of what was asked for.
     *
     * @param java makes it, and is who can use it
     */
    void makeBesides(JavaHome java, String jar) {
        if (Runtime.getRuntime().maxMemory() < LEAST_HEAP) {
            return;
        }
        try {
            Files.createDirectories(folder);
            Path part = folder.resolve(key + ".part");
            if (Files.exists(part)
                    && System.currentTimeMillis()
                                    - Files.getLastModifiedTime(part).toMillis()
                            > MILLIS_OF_MAKING) {
                Files.delete(part);
            }
            Files.createFile(part);
            List<String> command = new ArrayList<String>();
            if (Files.isExecutable(Paths.get("/usr/bin/nice"))) {
                command.addAll(Arrays.asList("/usr/bin/nice", "-n", "19"));
            }
            command.addAll(Arrays.asList(
                    java.executable().toString(),
                    "-cp",
                    jar,
                    StartArchive.class.getName(),
                    java.executable().toString(),
                    jar,
                    part.toString(),
                    folder.resolve(key).toString()));
            ProcessBuilder builder = silent(command);
            builder.environment().put(VARIABLE, "off");
            builder.start();
        } catch (FileAlreadyExistsException e) {
            return; // another process makes it now
        } catch (IOException e) {
            return; // a cache that cannot be written to
        }
    }

    private static ProcessBuilder silent(List<String> command) {
        File nowhere = new File(System.getProperty("os.name").startsWith("Windows") ? "NUL" : "/dev/null");
        return new ProcessBuilder(command)
                .redirectInput(nowhere)
                .redirectOutput(nowhere)
                .redirectError(nowhere);
    }

    /**
     * Makes an archive from a short run of the program.
     *
     * @param args the java, the jar, an empty file to write to, and where the archive goes, less its checksum
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path part = Paths.get(args[2]);
        Path picture = Paths.get(args[2] + ".png");
        List<String> command = new ArrayList<String>();
        command.add(args[0]);
        command.add("-XX:AOTCacheOutput=" + part);
        command.addAll(Launcher.OPTIONS);
        command.addAll(Arrays.asList(
                "-Dddpm.launched=" + args[0],
                "-cp",
                args[1],
                Launcher.class.getName(),
                "sample",
                "--steps",
                "1",
                "--count",
                "2",
                "--out",
                picture.toString()));
        try {
            if (silent(command).start().waitFor() == 0 && Files.size(part) > 0) {
                Path archive = Paths.get(args[3] + "-" + checksum(part) + SUFFIX);
                Files.move(part, archive, StandardCopyOption.ATOMIC_MOVE);
                keepNewest(archive.getParent());
            }
        } finally {
            Files.deleteIfExists(picture);
        }
        // Where it failed, the empty file stays for a while, lest every command try again.
    }

    /** Deletes the archives of jars and JDKs that were replaced since. */
    private static void keepNewest(Path folder) throws IOException {
        SortedMap<String, Path> byAge = new TreeMap<String, Path>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path file : files) {
                byAge.put(
                        String.format(
                                Locale.ROOT,
                                "%020d %s",
                                Files.getLastModifiedTime(file).toMillis(),
                                name(file)),
                        file);
            }
        }
        List<Path> oldestFirst = new ArrayList<Path>(byAge.values());
        for (Path old : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - KEPT))) {
            Files.deleteIfExists(old);
        }
    }
}
