package ddpm.cli;

import ddpm.data.ImageShape;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.model.ModelCard;
import ddpm.model.NetworkTypes;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Patched;
import ddpm.nn.UNetConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** The model to train. */
final class NetworkOptions {
    @Option(
            names = "--model-config",
            paramLabel = "NAME",
            description =
                    "A network by name: mini, patched, unetmini, cifar10, image256, or that of a NetworkType on the class path"
                            + " (default: the preset's).")
    private String name;

    @Option(names = "--base", paramLabel = "N", description = "Instead of a name, the paper's UNet of this width.")
    private Integer base;

    @Option(
            names = "--multipliers",
            paramLabel = "N,N,..",
            split = ",",
            description = "With --base: width of each level over it (default: 1,2,2).")
    private List<Integer> multipliers;

    @Option(names = "--res-blocks", paramLabel = "N", description = "With --base: blocks per level (default: 2).")
    private Integer resBlocks;

    @Option(
            names = "--attention",
            paramLabel = "SIZE,..",
            split = ",",
            description = "With --base: attention where feature maps are that high, e.g. 16 (default: nowhere).")
    private List<Integer> attention;

    @Option(names = "--dropout", paramLabel = "P", description = "With --base: 0 to below 1 (default: 0).")
    private Double dropout;

    @Option(
            names = "--patch",
            paramLabel = "N",
            description = "The network sees squares of NxN pixels as channels, which is less work (default: 1).")
    private Integer patch;

    @Option(
            names = "--channels",
            paramLabel = "1|3",
            description = "Grey or colour images (default: 1 for MNIST, else 3).")
    private Integer channels;

    @Option(
            names = "--size",
            paramLabel = "HxW",
            defaultValue = "32x32",
            description = "Height and width of the images, to which larger and smaller ones are resized (default:"
                    + " ${DEFAULT-VALUE}).")
    private Size size;

    @Option(
            names = "--schedule",
            paramLabel = "S",
            defaultValue = "linear(1000, 1.0E-4, 0.02)",
            description = "Noise schedule, such as cosine(1000) (default: ${DEFAULT-VALUE}).")
    private BetaSchedule schedule;

    @Option(
            names = "--prediction",
            paramLabel = "WHAT",
            defaultValue = "epsilon",
            description = "Output of the network: epsilon, x0, v or mean (default: ${DEFAULT-VALUE}).")
    private Prediction prediction;

    @Option(
            names = "--variance",
            paramLabel = "KIND",
            defaultValue = "fixed-large",
            description = "Of the reverse process: fixed-small, fixed-large, or learned-range, which the network gives"
                    + " (default: ${DEFAULT-VALUE}).")
    private Variance variance;

    /** Height and width in pixels. */
    record Size(int height, int width) {
        /** Reads {@code 32x48}, height first. */
        static Size parse(String text) {
            var sides = text.toLowerCase(Locale.ROOT).split("x", -1);
            try {
                if (sides.length == 2) {
                    return new Size(Integer.parseInt(sides[0].strip()), Integer.parseInt(sides[1].strip()));
                }
            } catch (NumberFormatException e) {
                // said below
            }
            throw new IllegalArgumentException("'" + text + "' is no size; write height x width, such as 32x48");
        }
    }

    /** @throws IllegalArgumentException for a shape that there cannot be */
    ImageShape shape(DataSpec data) {
        return new ImageShape(channels == null ? data.channels() : channels, size.height(), size.width());
    }

    /** @throws IllegalArgumentException if the options contradict each other or describe no network */
    ModelCard card(Preset preset, ImageShape shape) {
        return new ModelCard(
                withVariance(network(preset, shape)),
                schedule,
                prediction,
                variance,
                Clip.X0,
                shape.height(),
                shape.width(),
                Map.of());
    }

    private NetworkConfig withVariance(NetworkConfig network) {
        try {
            return network.withOutChannels(variance.outChannels(network.inChannels()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--variance " + Values.name(variance) + ": " + e.getMessage(), e);
        }
    }

    private NetworkConfig network(Preset preset, ImageShape shape) {
        int side = patch == null ? 1 : patch;
        if (side < 1 || shape.height() % side != 0 || shape.width() % side != 0) {
            throw new IllegalArgumentException("--patch " + side + ": images of " + shape.height() + "x" + shape.width()
                    + " cannot be cut into such squares; give a number that divides height and width");
        }
        int channels = Math.multiplyExact(shape.channels(), side * side);
        var network = network(preset, channels, shape.height() / side, shape.width() / side);
        return patch == null ? network : new Patched(side, network);
    }

    private NetworkConfig network(Preset preset, int channels, int height, int width) {
        boolean detailed = multipliers != null || resBlocks != null || attention != null || dropout != null;
        if (base == null) {
            if (detailed) {
                throw new IllegalArgumentException(
                        "--multipliers, --res-blocks, --attention and --dropout describe a network together with --base");
            }
            return name == null ? preset.network(channels) : named(channels, height, width);
        }
        if (name != null) {
            throw new IllegalArgumentException("--model-config and --base both choose the network; give one of them");
        }
        var widths = multipliers == null ? List.of(1, 2, 2) : multipliers;
        return UNetConfig.of(
                channels,
                base,
                widths,
                resBlocks == null ? 2 : resBlocks,
                attention(height, widths.size()),
                Math.clamp(Integer.lowestOneBit(base), 1, 32),
                dropout == null ? 0 : dropout);
    }

    private NetworkConfig named(int channels, int height, int width) {
        for (var net : Preset.Net.values()) {
            if (Values.name(net).equals(name)) {
                return net.network(channels);
            }
        }
        try {
            return NetworkTypes.named(name).preset(channels, height, width);
        } catch (IllegalArgumentException e) {
            var names = Arrays.stream(Preset.Net.values()).map(Values::name).collect(Collectors.joining(", "));
            throw new IllegalArgumentException("--model-config: none of " + names + "; " + e.getMessage(), e);
        }
    }

    private List<Boolean> attention(int height, int levels) {
        var wanted = attention == null ? List.<Integer>of() : attention;
        var heights = new ArrayList<Integer>();
        for (int level = 0; level < levels; level++) {
            heights.add(height >> level);
        }
        for (int each : wanted) {
            if (!heights.contains(each)) {
                throw new IllegalArgumentException(
                        "--attention " + each + ": feature maps of this network are " + heights + " high");
            }
        }
        return heights.stream().map(wanted::contains).toList();
    }
}
