package ddpm.tests.networks;

import ddpm.nn.TimeEmbedding;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The notebook's UNetMini as a program on JavaCPP's generated classes has it: eager, row-major, one thing at a time. */
public final class CppUNetMini {
    private static final int GROUPS = 8;
    private static final long[] TWO = {2, 2};

    private final Cpp cpp;
    private final int timeChannels;

    /** @param cpp the weights, row-major */
    public CppUNetMini(Cpp cpp, int timeChannels) {
        this.cpp = cpp;
        this.timeChannels = timeChannels;
    }

    /**
     * @param x {@code [B, C, H, W]}
     * @param t {@code [B]}, float32
     */
    public Tensor forward(Tensor x, Tensor t) {
        var sinusoid = Cpp.sinusoid(t, timeChannels, 0, TimeEmbedding.Order.SINE_FIRST);
        var time = cpp.linear("time_mlp.2", torch.silu(cpp.linear("time_mlp.0", sinusoid)));
        var h = torch.silu(cpp.conv3("in_conv", x));
        h = block("down1", h, time);
        h = block("down2", halved(h), time);
        h = block("down3", halved(h), time);
        h = block("up1", Cpp.up(h), time);
        h = block("up2", Cpp.up(h), time);
        h = block("up3", h, time);
        return cpp.conv3("out_conv", torch.silu(h));
    }

    private Tensor block(String name, Tensor x, Tensor time) {
        var shift = cpp.linear(name + ".time", time).unsqueeze(2).unsqueeze(3);
        var h = cpp.conv3(name + ".conv1", x).add(shift);
        h = torch.silu(cpp.norm(name + ".norm1", h, GROUPS, 1e-5));
        return torch.silu(cpp.norm(name + ".norm2", cpp.conv3(name + ".conv2", h), GROUPS, 1e-5));
    }

    private static Tensor halved(Tensor x) {
        return torch.avg_pool2d(x, TWO, TWO, new long[] {0, 0}, false, true, new LongOptional());
    }
}
