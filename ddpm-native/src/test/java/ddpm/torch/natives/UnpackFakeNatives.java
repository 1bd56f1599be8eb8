package ddpm.torch.natives;

import java.nio.file.Path;

/** What a child JVM of {@link NativeCacheProcessesTest} runs: {@code <cache root> <jar>}. */
final class UnpackFakeNatives {
    private UnpackFakeNatives() {}

    public static void main(String[] args) throws Exception {
        BundledNatives bundle = FakeNatives.find(Path.of(args[1]));
        System.out.println("folder " + new NativeCache(Path.of(args[0])).folder(bundle, System.out::println));
    }
}
