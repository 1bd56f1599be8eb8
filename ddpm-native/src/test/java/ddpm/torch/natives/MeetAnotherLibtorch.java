package ddpm.torch.natives;

import ddpm.torch.TorchException;
import ddpm.torch.cpp.JavaCpp;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/** What a child JVM of {@link JavaCppColdStartTest} runs: {@code <a library anywhere> <an empty folder>}. */
final class MeetAnotherLibtorch {
    private MeetAnotherLibtorch() {}

    public static void main(String[] args) throws Exception {
        Path elsewhere = Path.of(args[0]);
        // What the Loader remembers of a libtorch of its own; which library it really is does not matter here.
        Loader.loadLibrary(
                MeetAnotherLibtorch.class, new URL[] {elsewhere.toUri().toURL()}, "torch_cpu");
        Path folder = Path.of(args[1]);
        Files.createFile(folder.resolve(System.mapLibraryName("jnitorch")));
        try {
            JavaCpp.ready(folder);
        } catch (TorchException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
