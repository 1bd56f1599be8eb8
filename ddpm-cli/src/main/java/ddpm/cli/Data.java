package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.data.Cifar10;
import ddpm.data.DataFetch;
import ddpm.data.FolderOptions;
import ddpm.data.ImageFolder;
import ddpm.data.ImageSets;
import ddpm.data.ImageShape;
import ddpm.data.Mnist;
import ddpm.data.PublicDataSet;
import ddpm.data.Split;
import ddpm.text.Untrusted;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm data}: looks after sets of images. Needs no libtorch. */
@Command(
        name = "data",
        description = "Check images, or fetch public ones.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {Data.Verify.class, Data.Fetch.class})
final class Data implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "missing command: one of verify, fetch");
    }

    /** {@code ddpm data verify}. */
    @Command(
            name = "verify",
            description = "Read every image as training would, and name those that cannot be used (exit status 1).",
            mixinStandardHelpOptions = true,
            versionProvider = Main.Version.class)
    static final class Verify implements Callable<Integer> {
        @Parameters(
                paramLabel = "PATH",
                description =
                        "A folder of pictures or a .zip, .tar or .tar.gz of one, or a folder with MNIST's or CIFAR-10's"
                                + " files.")
        private Path images;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            var out = spec.commandLine().getOut();
            boolean benchmark =
                    Cifar10.isIn(images) || Mnist.isIn(images, Split.TRAIN) || Mnist.isIn(images, Split.TEST);
            if (benchmark) {
                for (var split : Split.values()) {
                    if (Cifar10.isIn(images) || Mnist.isIn(images, split)) {
                        var shape = ImageShape.square(Cifar10.isIn(images) ? 3 : 1, 32);
                        out.println(ImageSets.open(images, split, FolderOptions.of(shape))
                                .describe());
                    }
                }
                return ExitCode.DONE.status();
            }
            var found = ImageFolder.verify(images);
            found.bad().forEach(bad -> out.println(Untrusted.escape(bad.toString())));
            out.println((found.files() - found.bad().size()) + " of " + found.files() + " images can be used");
            found.remarks().forEach(remark -> out.println(Untrusted.escape(remark)));
            return (found.bad().isEmpty() ? ExitCode.DONE : ExitCode.FAILED).status();
        }
    }

    /** {@code ddpm data fetch}. */
    @Command(
            name = "fetch",
            description =
                    "Fetch a public set of images, or the network that judges them; what is there already is checked and"
                            + " kept.",
            mixinStandardHelpOptions = true,
            versionProvider = Main.Version.class)
    static final class Fetch implements Callable<Integer> {
        @Parameters(
                paramLabel = "NAME",
                description =
                        "mnist (11 MB), cifar10 (170 MB) or inception (96 MB), the weights that quality --inception takes.")
        private PublicDataSet set;

        @Option(
                names = {"-o", "--out"},
                paramLabel = "DIR",
                description = "Where to (default: a folder of the set's name).")
        private Path out;

        @Mixin
        private Console.Quiet quiet;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            var line = spec.commandLine();
            var console = quiet.console(line);
            var folder = out == null ? Path.of(Values.name(set)) : out;
            console.note("fetching " + Values.name(set) + " to " + folder);
            try {
                DataFetch.fetch(
                        set,
                        folder,
                        (name, bytes, total) ->
                                console.status(name + ": " + bytes + (total < 0 ? "" : " of " + total) + " bytes"));
            } catch (InterruptedIOException e) {
                throw ExitCode.INTERRUPTED.because(
                        "interrupted; what arrived is kept, and the same command goes on", e);
            } finally {
                console.status("");
            }
            line.getOut().println(folder);
            return ExitCode.DONE.status();
        }
    }
}
