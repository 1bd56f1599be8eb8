package ddpm.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The kind of a file by its first bytes: those with tensors, and those that are often taken for one by mistake. */
enum FileKind {
    SAFETENSORS("a safetensors file"),
    ZIP("a ZIP file"),
    PICKLE("a Python pickle"),
    EMPTY("empty; fetch or write it again"),
    LFS_POINTER("a Git LFS pointer instead of the file itself; run 'git lfs pull' where it was cloned"),
    HTML("a web page, probably an error page of the server it was fetched from; fetch the file itself"),
    TAR("a tar archive, which torch.save wrote before 0.1.10; load and save it with a newer PyTorch"),
    GZIP("gzip-compressed; uncompress it first"),
    PNG("a PNG image"),
    JPEG("a JPEG image"),
    GIF("a GIF image"),
    NPY("a NumPy array"),
    HDF5("an HDF5 file"),
    GGUF("a GGUF file"),
    ONNX("an ONNX model, a form that models are written in and not read from; name the file that it was made of"),
    UNKNOWN("of no known format");

    private static final int HEAD = 512;
    private static final int TAR_MARK_AT = 257;

    private final String description;

    FileKind(String description) {
        this.description = description;
    }

    static FileKind of(FileBytes file) throws IOException {
        var bytes = file.copy(0, (int) Math.min(file.size(), HEAD));
        String head = StandardCharsets.ISO_8859_1.decode(bytes).toString();
        if (head.isEmpty()) {
            return EMPTY;
        }
        if (head.length() > 8 && head.charAt(8) == '{' && head.startsWith("\0\0\0\0", 4)) {
            return SAFETENSORS; // 8 bytes of header length, then JSON
        }
        if (head.startsWith("PK\3\4") || head.startsWith("PK\5\6")) {
            return ZIP;
        }
        if (head.charAt(0) == '\u0080' && head.length() > 1 && head.charAt(1) >= 2 && head.charAt(1) <= 5) {
            return PICKLE;
        }
        if (head.startsWith("version https://git-lfs")) {
            return LFS_POINTER;
        }
        String text = head.stripLeading().toLowerCase(Locale.ROOT);
        if (text.startsWith("<!doctype html") || text.startsWith("<html")) {
            return HTML;
        }
        if (head.startsWith("ustar", TAR_MARK_AT)) {
            return TAR;
        }
        return byMagic(head);
    }

    private static FileKind byMagic(String head) {
        if (head.startsWith("\u001f\u008b")) {
            return GZIP;
        }
        if (head.startsWith("\u0089PNG")) {
            return PNG;
        }
        if (head.startsWith("\u00ff\u00d8\u00ff")) {
            return JPEG;
        }
        if (head.startsWith("GIF8")) {
            return GIF;
        }
        if (head.startsWith("\u0093NUMPY")) {
            return NPY;
        }
        if (head.startsWith("\u0089HDF")) {
            return HDF5;
        }
        if (head.startsWith("GGUF")) {
            return GGUF;
        }
        // ModelProto: ir_version, a small number, then the name of the producer.
        boolean isOnnx = head.length() > 3 && head.charAt(0) == 8 && head.charAt(1) < 32 && head.charAt(2) == 0x12;
        return isOnnx ? ONNX : UNKNOWN;
    }

    /** Completes the sentence "the file is ...". */
    @Override
    public String toString() {
        return description;
    }
}
