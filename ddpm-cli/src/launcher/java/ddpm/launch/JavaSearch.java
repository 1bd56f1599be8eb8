package ddpm.launch;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Looks for an installed Java that is new enough. Those that the user named come first, in this order: {@code DDPM_JAVA},
 * {@code JAVA_HOME}, {@code JAVA_HOME_25...} and {@code JDK_25...}, the {@code java} on the {@code PATH}. Only if none of
 * those will do, the places where installers put Javas are listed and the newest wins.
 */
final class JavaSearch {
    private final int feature;
    private final Map<String, String> environment;
    private final Path userHome;
    private final Path root;

    /**
     * @param feature the oldest version that will do, such as 25
     * @param environment the environment variables
     * @param userHome the user's home
     * @param root where the file system starts; a test's folder, or {@code /}
     */
    JavaSearch(int feature, Map<String, String> environment, Path userHome, Path root) {
        this.feature = feature;
        this.environment = environment;
        this.userHome = userHome;
        this.root = root;
    }

    /**
     * @return the Java to run, or null if there is none
     * @throws IllegalStateException if {@code DDPM_JAVA} is set and will not do; the message says why
     */
    JavaHome find() {
        String chosen = environment.get("DDPM_JAVA");
        if (chosen != null && !chosen.trim().isEmpty()) {
            JavaHome java = at(chosen);
            if (java == null || java.feature() < feature) {
                throw new IllegalStateException("DDPM_JAVA is " + chosen + ", which is "
                        + (java == null ? "no Java's folder" : java.toString()) + "; ddpm needs Java " + feature
                        + " or newer: let DDPM_JAVA name the folder of one, or unset it");
            }
            return java;
        }
        for (String named : named()) {
            JavaHome java = at(named);
            if (java != null && java.feature() >= feature) {
                return java;
            }
        }
        JavaHome newest = null;
        for (Path folder : installed()) {
            // A bundle of macOS has its home inside, whoever put it there.
            for (Path home : Arrays.asList(folder, folder.resolve("Contents").resolve("Home"))) {
                JavaHome java = JavaHome.in(home);
                if (java != null && java.feature() >= feature && (newest == null || java.compareTo(newest) > 0)) {
                    newest = java;
                }
            }
        }
        return newest;
    }

    /** Homes and executables that the environment names, best first. */
    private List<String> named() {
        List<String> named = new ArrayList<String>();
        if (environment.containsKey("JAVA_HOME")) {
            named.add(environment.get("JAVA_HOME"));
        }
        // Sorted, as the environment has no order: JAVA_HOME_25_X64 of CI machines, JDK_25, JAVA25_HOME, ...
        for (Map.Entry<String, String> variable : new TreeMap<String, String>(environment).entrySet()) {
            if (variable.getKey().matches("(?i)(JAVA_HOME|JDK|JAVA|JDK_HOME)_?[0-9]{2}(_.*)?")) {
                named.add(variable.getValue());
            }
        }
        String path = environment.get("PATH");
        if (path != null) {
            for (String folder : path.split(File.pathSeparator)) {
                if (!folder.isEmpty()) {
                    named.add(folder + File.separator + "java");
                    named.add(folder + File.separator + "java.exe");
                }
            }
        }
        return named;
    }

    /** The Java at a place that names its folder or its executable, through links; null if there is none. */
    private static JavaHome at(String place) {
        try {
            Path path = Paths.get(place.trim());
            if (Files.isDirectory(path)) {
                return JavaHome.in(path);
            }
            if (!Files.isRegularFile(path)) {
                return null;
            }
            Path bin = path.toRealPath().getParent();
            return bin == null || bin.getParent() == null ? null : JavaHome.in(bin.getParent());
        } catch (InvalidPathException e) {
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Folders that may be a Java's home, in order of place and name; of equal versions the first wins. */
    private List<Path> installed() {
        List<Path> folders = new ArrayList<Path>();
        for (String place : Arrays.asList("usr/lib/jvm", "usr/lib64/jvm", "usr/java", "usr/local/java")) {
            addChildren(folders, root.resolve(place), "*");
        }
        addChildren(folders, root.resolve("opt"), "{java,jdk,jre,temurin,graalvm,zulu}*");
        addChildren(folders, root.resolve("opt/java"), "*");
        addChildren(folders, root.resolve("Library/Java/JavaVirtualMachines"), "*");
        addChildren(folders, userHome.resolve("Library/Java/JavaVirtualMachines"), "*");
        for (String variable : Arrays.asList("ProgramFiles", "ProgramW6432")) {
            if (environment.containsKey(variable)) {
                for (String vendor : Arrays.asList(
                        "Java", "Eclipse Adoptium", "Microsoft", "Zulu", "Amazon Corretto", "BellSoft", "SapMachine")) {
                    addChildren(folders, Paths.get(environment.get(variable)).resolve(vendor), "*");
                }
            }
        }
        for (String place : Arrays.asList(
                ".sdkman/candidates/java",
                ".jdks",
                ".asdf/installs/java",
                ".local/share/mise/installs/java",
                ".jenv/versions",
                ".jabba/jdk")) {
            addChildren(folders, userHome.resolve(place), "*");
        }
        return folders;
    }

    private static void addChildren(List<Path> folders, Path parent, String glob) {
        List<Path> children = new ArrayList<Path>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(parent, glob)) {
            for (Path child : stream) {
                children.add(child);
            }
        } catch (IOException e) {
            return; // Not there, or not ours to read: then there is no Java for us.
        } catch (java.nio.file.DirectoryIteratorException e) {
            return;
        }
        java.util.Collections.sort(children);
        folders.addAll(children);
    }
}
