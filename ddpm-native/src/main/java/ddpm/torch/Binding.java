package ddpm.torch;

import ddpm.torch.natives.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Makes the method handles of libtorch's functions for the classes that hold them as constants. */
final class Binding {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = LibTorch.symbols();

    private Binding() {}

    /** Binds a function that returns libtorch's error code. */
    static MethodHandle code(String name, MemoryLayout... arguments) {
        return function(name, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }

    /**
     * Binds a function that every supported libtorch has.
     *
     * @throws TorchException if this one lacks it
     */
    static MethodHandle function(String name, FunctionDescriptor descriptor) {
        var symbol = SYMBOLS.find(name)
                .orElseThrow(() -> new TorchException("this libtorch lacks the function " + name
                        + "; libtorch 2.10 or newer for this platform is needed"));
        return LINKER.downcallHandle(symbol, descriptor);
    }

    /** Binds a function of some libtorchs; null where this one lacks it. */
    static MethodHandle optional(String name, FunctionDescriptor descriptor) {
        return SYMBOLS.find(name)
                .map(symbol -> LINKER.downcallHandle(symbol, descriptor))
                .orElse(null);
    }

    /** Turns what {@code invokeExact} declares into what a call can throw. */
    static RuntimeException unexpected(Throwable e) {
        return NativeLibrary.unexpected(e);
    }
}
