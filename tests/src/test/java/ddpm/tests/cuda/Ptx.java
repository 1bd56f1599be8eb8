package ddpm.tests.cuda;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * As much of PTX as our kernels use, interpreted one thread after another. An instruction it does not know is an error, and
 * so is one whose rounding PTX leaves to the assembler (an {@code add.f64} without {@code .rn} may be fused).
 *
 * <p>Source: NVIDIA, "Parallel Thread Execution ISA". Registers are 64-bit cells; narrower values are kept zero-extended.
 */
final class Ptx {
    private static final Pattern ENTRY =
            Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)\\s*\\{(.*?)\\n\\}", Pattern.DOTALL);
    private static final Pattern PARAMETER = Pattern.compile("\\.param \\.(\\w+) (\\w+)");

    /** @param parameters name to type, in order */
    record Entry(
            String name,
            LinkedHashMap<String, String> parameters,
            List<Instruction> code,
            Map<String, Integer> labels) {}

    private record Instruction(String guard, boolean whenFalse, String op, String[] operands) {}

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    Ptx(String text) {
        for (var matcher = ENTRY.matcher(text); matcher.find(); ) {
            var parameters = new LinkedHashMap<String, String>();
            for (var parameter = PARAMETER.matcher(matcher.group(2)); parameter.find(); ) {
                parameters.put(parameter.group(2), parameter.group(1));
            }
            var code = new ArrayList<Instruction>();
            var labels = new HashMap<String, Integer>();
            for (var line : matcher.group(3).lines().map(String::strip).toList()) {
                if (line.endsWith(":")) {
                    labels.put(line.substring(0, line.length() - 1), code.size());
                } else if (!line.isEmpty() && !line.startsWith(".") && !line.startsWith("//")) {
                    code.add(instruction(line));
                }
            }
            entries.put(matcher.group(1), new Entry(matcher.group(1), parameters, code, labels));
        }
    }

    private static Instruction instruction(String line) {
        var words = line.replaceFirst(";$", "").split("\\s+", 2);
        String guard = null;
        if (words[0].startsWith("@")) {
            guard = words[0].substring(1);
            words = words[1].split("\\s+", 2);
        }
        boolean whenFalse = guard != null && guard.startsWith("!");
        return new Instruction(
                whenFalse ? guard.substring(1) : guard,
                whenFalse,
                words[0],
                words.length > 1 ? words[1].split(",\\s*") : new String[0]);
    }

    Map<String, Entry> entries() {
        return entries;
    }

    /** Runs one thread of a launch; addresses are offsets into {@code memory}. */
    void run(String entry, Map<String, Long> special, ByteBuffer memory, long... arguments) {
        var kernel = entries.get(entry);
        var cells = new HashMap<String, Long>(special);
        int at = 0;
        for (var name : kernel.parameters.keySet()) {
            cells.put(name, arguments[at++]);
        }
        for (int pc = 0; pc < kernel.code.size(); pc++) {
            var step = kernel.code.get(pc);
            if (step.guard != null && (cells.get(step.guard) != 0) == step.whenFalse) {
                continue;
            }
            if (step.op.equals("ret")) {
                return;
            }
            if (step.op.startsWith("bra")) {
                pc = kernel.labels.get(step.operands[0]) - 1;
            } else {
                execute(step, cells, memory);
            }
        }
        throw new IllegalStateException(entry + " ran past its end");
    }

    private static void execute(Instruction step, Map<String, Long> cells, ByteBuffer memory) {
        var in = step.operands;
        long a = in.length > 1 && !in[1].startsWith("[") ? value(in[1], cells) : 0;
        long b = in.length > 2 ? value(in[2], cells) : 0;
        switch (step.op) {
            case "ld.param.u64" -> cells.put(in[0], cells.get(inside(in[1])));
            case "ld.param.u32" -> cells.put(in[0], cells.get(inside(in[1])) & 0xFFFFFFFFL);
            case "ld.param.s32" ->
                cells.put(in[0], (long) cells.get(inside(in[1])).intValue());
            case "ld.global.u64" -> cells.put(in[0], memory.getLong(address(in[1], cells)));
            case "st.global.u64" -> memory.putLong(address(in[0], cells), a);
            case "st.global.f32" -> memory.putInt(address(in[0], cells), (int) a);
            default -> cells.put(in[0], compute(step.op, a, b, in.length > 3 ? value(in[3], cells) : 0));
        }
    }

    private static long compute(String op, long a, long b, long c) {
        return switch (op) {
            case "add.s64" -> a + b;
            case "sub.s64" -> a - b;
            case "mul.lo.s64" -> a * b;
            case "div.u64" -> Long.divideUnsigned(a, b);
            case "add.s32" -> low(a + b);
            case "sub.s32" -> low(a - b);
            case "mul.lo.s32" -> low(a * b);
            case "mul.wide.u32" -> low(a) * low(b);
            case "div.u32" -> low(a) / low(b);
            case "min.u32" -> Math.min(low(a), low(b));
            case "and.b32", "and.b64" -> narrow(op, a & b);
            case "or.b32", "or.b64" -> narrow(op, a | b);
            case "xor.b32", "xor.b64" -> narrow(op, a ^ b);
            case "shl.b32" -> low(a << b);
            case "shl.b64" -> a << b;
            case "shr.u32" -> low(a) >>> b;
            case "shr.u64" -> a >>> b;
            case "mov.u32", "cvt.u32.u64", "cvt.u64.u32" -> low(a);
            case "mov.b64", "mov.f64", "cvta.to.global.u64" -> a;
            case "cvt.s64.s32" -> (int) a;
            case "cvt.rn.f64.s32" -> Double.doubleToRawLongBits((int) a);
            case "cvt.rn.f64.u32" -> Double.doubleToRawLongBits(low(a));
            case "cvt.rn.f32.f64" -> low(Float.floatToRawIntBits((float) f64(a)));
            case "add.rn.f64" -> Double.doubleToRawLongBits(f64(a) + f64(b));
            case "sub.rn.f64" -> Double.doubleToRawLongBits(f64(a) - f64(b));
            case "mul.rn.f64" -> Double.doubleToRawLongBits(f64(a) * f64(b));
            case "div.rn.f64" -> Double.doubleToRawLongBits(f64(a) / f64(b));
            case "sqrt.rn.f64" -> Double.doubleToRawLongBits(Math.sqrt(f64(a)));
            case "neg.f64" -> Double.doubleToRawLongBits(-f64(a));
            case "selp.b32", "selp.f64" -> c != 0 ? a : b;
            case "setp.eq.s32" -> truth((int) a == (int) b);
            case "setp.ne.s32" -> truth((int) a != (int) b);
            case "setp.lt.s32" -> truth((int) a < (int) b);
            case "setp.lt.u32" -> truth(low(a) < low(b));
            case "setp.eq.s64" -> truth(a == b);
            case "setp.lt.u64" -> truth(Long.compareUnsigned(a, b) < 0);
            case "setp.ge.u64" -> truth(Long.compareUnsigned(a, b) >= 0);
            case "setp.lt.f64" -> truth(f64(a) < f64(b));
            default -> throw new IllegalStateException("this interpreter does not know " + op);
        };
    }

    private static long value(String operand, Map<String, Long> cells) {
        var cell = cells.get(operand);
        if (cell != null) {
            return cell;
        }
        return operand.startsWith("0d") ? Long.parseUnsignedLong(operand.substring(2), 16) : Long.parseLong(operand);
    }

    private static String inside(String brackets) {
        return brackets.substring(1, brackets.length() - 1);
    }

    private static int address(String brackets, Map<String, Long> cells) {
        var parts = inside(brackets).split("\\+");
        return Math.toIntExact(cells.get(parts[0]) + (parts.length > 1 ? Long.parseLong(parts[1]) : 0));
    }

    private static long narrow(String op, long value) {
        return op.endsWith("32") ? low(value) : value;
    }

    private static long low(long value) {
        return value & 0xFFFFFFFFL;
    }

    private static long truth(boolean value) {
        return value ? 1 : 0;
    }

    private static double f64(long bits) {
        return Double.longBitsToDouble(bits);
    }
}
