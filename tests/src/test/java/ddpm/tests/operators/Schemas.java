package ddpm.tests.operators;

import ddpm.torch.LibTorch;
import ddpm.torch.cpp.CppTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.global.torch;

/**
 * Writes {@code schemas.txt}, the schemas by which {@link ddpm.torch.Ops#call} checks its arguments: those that the bundled
 * libtorch's dispatcher has itself, one a line. Left out are operators that change an argument, fill an {@code out}, or are
 * the backward half of another.
 *
 * <p>After a change of libtorch: {@code mvn -pl tests -am test -Dtest=SchemasTest -Dddpm.writeSchemas=true
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
final class Schemas {
    private Schemas() {}

    /** The lines of the resource: the version of libtorch, then schemas, sorted. */
    static List<String> ofTheBinding() {
        CppTensors.ready();
        var lines = new TreeSet<String>();
        try (var _ = new PointerScope()) {
            var dispatcher = Dispatcher.singleton();
            var names = dispatcher.getAllOpNames();
            for (long i = 0; i < names.limit(); i++) {
                names.position(i);
                var name = names.name().getString();
                if (!name.startsWith("aten::") || name.contains("backward")) {
                    continue;
                }
                var operator = dispatcher.findSchema(names);
                if (!operator.has_value() || !operator.get().hasSchema()) {
                    continue;
                }
                var schema = operator.get().schema();
                if (!schema.is_mutable() && !schema.is_vararg() && !schema.is_varret()) {
                    lines.add(torch.toString(schema).getString());
                }
            }
        }
        var resource = new ArrayList<>(List.of("# libtorch " + LibTorch.load().version()));
        resource.addAll(lines);
        return resource;
    }

    static void write(Path resource) throws IOException {
        Files.write(resource, ofTheBinding());
    }
}
