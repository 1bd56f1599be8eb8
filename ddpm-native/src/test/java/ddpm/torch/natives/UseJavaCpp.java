package ddpm.torch.natives;

import ddpm.torch.TorchException;
import ddpm.torch.cpp.JavaCpp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a child JVM of {@link JavaCppColdStartTest} runs: {@code <folder of natives> [libraries loaded first ...]}. */
final class UseJavaCpp {
    private UseJavaCpp() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        for (String library : List.of(args).subList(1, args.length)) {
            System.load(folder.resolve(library).toString());
        }
        long start = System.nanoTime();
        JavaCpp.ready(folder);
        JavaCpp.ready(folder);
        try (Tensor ones = torch.ones(2, 3);
                Tensor product = ones.matmul(ones.t());
                Tensor sum = product.sum()) {
            System.out.println("sum " + sum.item_double());
        }
        Class.forName("org.bytedeco.pytorch.global.torch_gloo");
        Class.forName("org.bytedeco.pytorch.JitModule");
        System.out.println("took " + (System.nanoTime() - start) / 1_000_000 + " ms");
        Path another = Files.createDirectories(folder.resolveSibling("another"));
        Files.write(another.resolve(System.mapLibraryName("jnitorch")), new byte[0]);
        try {
            JavaCpp.ready(another);
        } catch (TorchException e) {
            System.out.println("refused: " + e.getMessage());
        }
        var mapped = new TreeSet<String>();
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            String file = line.replaceFirst(".* +", "");
            if (file.matches(".*/lib(torch|c10|openblas|jni|gomp|cudart).*")) {
                mapped.add(file);
            }
        }
        mapped.forEach(file -> System.out.println("mapped " + file));
        System.out.println("left " + System.getProperty("org.bytedeco.javacpp.loadLibraries"));
    }
}
