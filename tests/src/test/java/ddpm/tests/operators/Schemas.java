package ddpm.tests.operators;

import ddpm.torch.cpp.CppTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.global.torch;

/**
 * Writes {@code schemas.txt}, the schemas by which {@link ddpm.torch.Ops#call} checks its arguments: those that the
 * dispatcher of the bundled libtorch has, one a line. Left out are operators that change an argument, fill an {@code out},
 * are the backward half of another, or are not in the oldest libtorch that is supported as they are in this.
 *
 * <p>After a change of libtorch: {@code mvn -pl tests -am test -Dtest=SchemasTest -Dddpm.writeSchemas=true
 * -Dsurefire.failIfNoSpecifiedTests=false}; then SchemasTest with {@code -Plibtorch-2.10} names what to add to
 * {@link #NEWER}.
 */
final class Schemas {
    /** The first line of the resource: for which libtorchs the schemas are right. */
    private static final String VERSIONS = "# libtorch 2.10 to 2.13";

    /** Operators that libtorch 2.10 has not or has otherwise. */
    private static final Set<String> NEWER = Set.of(
            "aten::_flash_attention_forward",
            "aten::_flash_attention_forward.quantized",
            "aten::_foreach_clone",
            "aten::_foreach_mm",
            "aten::_foreach_powsum.Scalar",
            "aten::_philox_key_fold_in",
            "aten::_philox_key_split",
            "aten::_philox_normal",
            "aten::_philox_uniform",
            "aten::_scaled_dot_product_attention_math_for_mps",
            "aten::_scaled_dot_product_flash_attention.quantized",
            "aten::_upsample_lanczos2d_aa",
            "aten::_upsample_lanczos2d_aa.vec",
            "aten::_use_miopen_ctc_loss",
            "aten::_use_miopen_ctc_loss.Tensor",
            "aten::dim",
            "aten::get_device",
            "aten::is_contiguous",
            "aten::is_contiguous.memory_format",
            "aten::linalg__powsum",
            "aten::miopen_ctc_loss",
            "aten::miopen_ctc_loss.Tensor",
            "aten::numel",
            "aten::storage_offset");

    private Schemas() {}

    /** The lines that the resource should have. */
    static List<String> resource() {
        var lines = new ArrayList<>(List.of(VERSIONS));
        ofTheBinding().stream()
                .filter(line -> !NEWER.contains(line.substring(0, line.indexOf('('))))
                .forEach(lines::add);
        return lines;
    }

    /** The schemas of the binding's dispatcher, sorted. */
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
        return List.copyOf(lines);
    }

    static void write(Path resource) throws IOException {
        Files.write(resource, resource());
    }
}
