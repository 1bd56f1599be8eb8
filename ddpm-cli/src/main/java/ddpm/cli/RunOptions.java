package ddpm.cli;

import ddpm.eval.quality.FidMeter;
import ddpm.train.FullDisk;
import ddpm.train.RunPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The files that a training run writes, and when. */
final class RunOptions {
    private static final int FID_SAMPLES = 1000;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "1000",
            description = "Steps between checkpoints and validations (default: ${DEFAULT-VALUE}).")
    private int checkpointEvery;

    @Option(
            names = "--keep",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "3",
            description = "Checkpoints to keep (default: ${DEFAULT-VALUE}).")
    private int keep;

    @Option(
            names = "--sample-every",
            paramLabel = "N",
            description = "Steps between sample grids, 0 for none (default: as --checkpoint-every).")
    private Long sampleEvery;

    @Option(
            names = "--on-full-disk",
            paramLabel = "WHAT",
            defaultValue = "continue",
            description = "When a checkpoint cannot be written: continue and try again, or stop (default:"
                    + " ${DEFAULT-VALUE}).")
    private FullDisk onFullDisk;

    @Option(
            names = "--fid-every",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Steps between measurements of the FID of samples, drawn in 50 DDIM steps, from the images of"
                    + " --data, by --features (default: never).")
    private Integer fidEvery;

    @Option(
            names = "--fid-count",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "With --fid-every: how many samples (default: 1000); compare figures of equally many.")
    private Integer fidCount;

    /** Whether samples are to be measured, by options that do not contradict each other. */
    boolean measuresFid(CommandLine line) {
        if (fidEvery == null && fidCount != null) {
            throw new ParameterException(line, "--fid-count: only with --fid-every");
        }
        if (fidCount != null && fidCount < 2) {
            throw new ParameterException(line, "--fid-count " + fidCount + ": at least 2 samples are needed");
        }
        return fidEvery != null;
    }

    /** The measurement of samples by a meter. */
    RunPlan.Fid fid(FidMeter meter) {
        return new RunPlan.Fid(fidEvery, fidCount == null ? FID_SAMPLES : fidCount, meter);
    }

    /**
     * @param args the command line
     * @throws IllegalArgumentException for numbers out of range
     */
    RunPlan plan(List<String> args) {
        var usual = RunPlan.every(checkpointEvery);
        return new RunPlan(
                checkpointEvery,
                keep,
                usual.logEvery(),
                sampleEvery == null ? checkpointEvery : sampleEvery,
                usual.samples(),
                usual.sampleSteps(),
                usual.validateEvery(),
                usual.validationImages(),
                onFullDisk,
                goingOn(args));
    }

    /** The command line as one that goes on with the run. */
    private static String goingOn(List<String> line) {
        var args = new ArrayList<>(line);
        int init = args.indexOf("--init-from");
        if (init >= 0) {
            args.subList(init, init + 2).clear();
        }
        args.removeIf(arg -> arg.startsWith("--init-from=") || arg.equals("--no-resume"));
        return args.stream().map(RunOptions::quoted).collect(Collectors.joining(" ", "ddpm ", ""));
    }

    private static String quoted(String arg) {
        return arg.matches("[\\w@%+=:,./-]+") ? arg : "'" + arg.replace("'", "'\\''") + "'";
    }
}
