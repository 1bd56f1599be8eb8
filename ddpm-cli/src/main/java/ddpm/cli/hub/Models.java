package ddpm.cli.hub;

import ddpm.cli.console.Console;
import ddpm.cli.console.TextTable;
import ddpm.model.hub.Hub;
import ddpm.model.hub.HubId;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm model}: looks after models of the Hugging Face hub. Needs no libtorch. */
@Command(
        name = "model",
        description = "List, fetch and delete models of the Hugging Face hub.",
        mixinStandardHelpOptions = true,
        subcommands = {Models.ListAll.class, Models.Fetch.class, Models.Remove.class})
public final class Models implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "missing command: one of list, fetch, rm");
    }

    private static HubId id(CommandSpec spec, String text) {
        try {
            return HubId.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private static String size(long bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    /** {@code ddpm model list}. */
    @Command(
            name = "list",
            description = "List the models in the cache, which Python's huggingface_hub shares: name, size, revisions,"
                    + " whether all that a UNet needs is there, and where.",
            mixinStandardHelpOptions = true)
    static final class ListAll implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            var line = spec.commandLine();
            var cache = Hub.of(System.getenv()).cache();
            var table = new TextTable("");
            var entries = cache.list();
            for (var entry : entries) {
                var revisions = new StringBuilder();
                entry.revisions()
                        .forEach((name, commit) -> revisions
                                .append(revisions.isEmpty() ? "" : ", ")
                                .append(name)
                                .append(' ')
                                .append(commit, 0, 8));
                table.row(
                        entry.repository(),
                        size(entry.bytes()),
                        revisions,
                        entry.whole() ? "whole" : "no whole UNet",
                        entry.path());
            }
            line.getOut().print(table);
            if (entries.isEmpty()) {
                new Console(line.getErr(), false, false).note("no models in " + cache.folder());
            }
            return 0;
        }
    }

    /** {@code ddpm model fetch}. */
    @Command(
            name = "fetch",
            description = "Fetch what a UNet needs of a model; what is there already is kept. Prints its folder.",
            mixinStandardHelpOptions = true)
    static final class Fetch implements Callable<Integer> {
        @Parameters(paramLabel = "ID", description = HubId.FORMS + ".")
        private String id;

        @Mixin
        private Console.Quiet quiet;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            var line = spec.commandLine();
            var console = quiet.console(line);
            line.getOut().println(ModelName.fetch(id(spec, id), Hub.of(System.getenv()), console));
            return 0;
        }
    }

    /** {@code ddpm model rm}. */
    @Command(
            name = "rm",
            description = "Delete a model with all its revisions from the cache, also those that Python fetched.",
            mixinStandardHelpOptions = true)
    static final class Remove implements Callable<Integer> {
        @Parameters(paramLabel = "ID", description = "OWNER/NAME.")
        private String id;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            var line = spec.commandLine();
            if (id.contains("@")) {
                throw new ParameterException(
                        line, "rm deletes all revisions of a model; name it without @" + id.replaceFirst(".*@", ""));
            }
            long bytes = Hub.of(System.getenv()).cache().remove(id(spec, id));
            line.getOut().println("deleted " + id + ", " + size(bytes));
            return 0;
        }
    }
}
