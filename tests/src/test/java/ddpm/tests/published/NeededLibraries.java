package ddpm.tests.published;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The names of the libraries that a 64-bit ELF, Mach-O or PE library asks its system's linker for. */
public final class NeededLibraries {
    private static final int ELF = 0x464c457f;
    private static final int MACH_O = 0xfeedfacf;
    private static final int MACH_O_UNIVERSAL = 0xbebafeca;
    private static final int ARM64 = 0x0100000c;

    private final ByteBuffer file;

    private NeededLibraries(ByteBuffer file) {
        this.file = file.order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * @param library the whole file
     * @throws IllegalArgumentException if it is none of the three formats
     */
    public static List<String> of(byte[] library) {
        var reader = new NeededLibraries(ByteBuffer.wrap(library));
        int magic = reader.file.getInt(0);
        if (magic == ELF) {
            return reader.elf();
        }
        if (magic == MACH_O) {
            return reader.machO();
        }
        if (magic == MACH_O_UNIVERSAL) {
            return reader.universal();
        }
        if ((magic & 0xffff) == 0x5a4d) { // "MZ"
            return reader.portableExecutable();
        }
        throw new IllegalArgumentException("not a native library: it begins with 0x" + Integer.toHexString(magic));
    }

    private List<String> elf() {
        int headers = Math.toIntExact(file.getLong(32));
        int size = file.getShort(54);
        int count = file.getShort(56);
        var needed = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            int header = headers + i * size;
            if (file.getInt(header) == 2) { // PT_DYNAMIC
                int table = Math.toIntExact(file.getLong(header + 8));
                long strings = 0;
                for (int at = table; file.getLong(at) != 0; at += 16) {
                    strings = file.getLong(at) == 5 ? file.getLong(at + 8) : strings; // DT_STRTAB
                }
                int base = fileOffset(headers, size, count, strings);
                for (int at = table; file.getLong(at) != 0; at += 16) {
                    if (file.getLong(at) == 1) { // DT_NEEDED
                        needed.add(text(base + Math.toIntExact(file.getLong(at + 8))));
                    }
                }
            }
        }
        return needed;
    }

    private int fileOffset(int headers, int size, int count, long address) {
        for (int i = 0; i < count; i++) {
            int header = headers + i * size;
            long start = file.getLong(header + 16);
            if (file.getInt(header) == 1
                    && address >= start
                    && address < start + file.getLong(header + 32)) { // PT_LOAD
                return Math.toIntExact(address - start + file.getLong(header + 8));
            }
        }
        throw new IllegalArgumentException("no segment holds address 0x" + Long.toHexString(address));
    }

    private List<String> universal() {
        var header = file.duplicate().order(ByteOrder.BIG_ENDIAN);
        for (int i = 0; i < header.getInt(4); i++) {
            int at = 8 + i * 20;
            if (header.getInt(at) == ARM64) {
                return new NeededLibraries(file.slice(header.getInt(at + 8), header.getInt(at + 12))).machO();
            }
        }
        throw new IllegalArgumentException("a universal library without code for arm64");
    }

    private List<String> machO() {
        var needed = new ArrayList<String>();
        int at = 32;
        for (int i = 0; i < file.getInt(16); i++) {
            int command = file.getInt(at) & 0x7fffffff;
            if (command == 0x0c || command == 0x18 || command == 0x1f) { // LC_LOAD_DYLIB, _WEAK_, _REEXPORT_
                needed.add(text(at + file.getInt(at + 8)));
            }
            at += file.getInt(at + 4);
        }
        return needed;
    }

    private List<String> portableExecutable() {
        int header = file.getInt(0x3c);
        int sections = file.getShort(header + 6);
        int optional = header + 24;
        int table = optional + file.getShort(header + 20);
        int imports = file.getInt(optional + 112 + 8);
        var needed = new ArrayList<String>();
        if (imports != 0) {
            for (int at = sectionOffset(table, sections, imports); file.getInt(at + 12) != 0; at += 20) {
                needed.add(text(sectionOffset(table, sections, file.getInt(at + 12))));
            }
        }
        return needed;
    }

    private int sectionOffset(int table, int sections, int address) {
        for (int i = 0; i < sections; i++) {
            int section = table + i * 40;
            int start = file.getInt(section + 12);
            if (address >= start && address < start + file.getInt(section + 16)) {
                return address - start + file.getInt(section + 20);
            }
        }
        throw new IllegalArgumentException("no section holds address 0x" + Integer.toHexString(address));
    }

    private String text(int at) {
        int end = at;
        while (file.get(end) != 0) {
            end++;
        }
        byte[] bytes = new byte[end - at];
        file.get(at, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
