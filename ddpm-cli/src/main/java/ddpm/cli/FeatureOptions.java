package ddpm.cli;

import ddpm.eval.digits.DigitClassifier;
import ddpm.eval.inception.InceptionFeatures;
import ddpm.eval.inception.Preprocessing;
import ddpm.eval.quality.FeatureNetwork;
import ddpm.eval.quality.PixelFeatures;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The network by whose features images are measured. */
final class FeatureOptions {
    /** The networks that {@code --features} names. */
    enum Kind {
        INCEPTION,
        DIGITS,
        PIXELS
    }

    @Option(
            names = "--features",
            paramLabel = "NETWORK",
            description =
                    "What images are measured by: inception, the network of FID, which needs --inception; digits, a small"
                            + " classifier of MNIST's digits inside this program, for images of 32 x 32; or pixels"
                            + " (default: inception).")
    private Kind kind;

    @Option(
            names = "--inception",
            paramLabel = "FILE",
            description =
                    "The Inception network's weights, pt_inception-2015-12-05-6726825d.pth of pytorch-fid or"
                            + " weights-inception-2015-12-05-6726825d.pth of torch-fidelity; data fetch inception fetches them.")
    private Path inception;

    @Option(
            names = "--fid-variant",
            paramLabel = "V",
            description =
                    "How the Inception network's images are resized: tensorflow, as the paper, TTUR and torch-fidelity, or"
                            + " pytorch-fid. Numbers of one are not comparable with the other's (default: tensorflow).")
    private Preprocessing variant;

    /** @throws ParameterException if the options contradict each other */
    void check(CommandLine line) {
        if (kind() == Kind.INCEPTION && inception == null) {
            throw new ParameterException(
                    line,
                    "--inception is missing: give the file of the network's weights, which data fetch inception fetches, or"
                            + " measure by --features digits or pixels");
        }
        if (kind() != Kind.INCEPTION && (inception != null || variant != null)) {
            throw new ParameterException(
                    line,
                    (inception != null ? "--inception" : "--fid-variant") + ": not with --features "
                            + Values.name(kind()));
        }
    }

    /** @throws ParameterException if any was given, for a command that was asked to measure nothing */
    void requireNone(CommandLine line, String needed) {
        if (kind != null || inception != null || variant != null) {
            var option = kind != null ? "--features" : inception != null ? "--inception" : "--fid-variant";
            throw new ParameterException(line, option + ": only with " + needed);
        }
    }

    Kind kind() {
        return kind == null ? Kind.INCEPTION : kind;
    }

    /** Loads the network; the caller closes it. */
    FeatureNetwork load() throws IOException {
        return switch (kind()) {
            case INCEPTION -> InceptionFeatures.load(inception, variant == null ? Preprocessing.TENSORFLOW : variant);
            case DIGITS -> DigitClassifier.load();
            case PIXELS -> new PixelFeatures();
        };
    }
}
