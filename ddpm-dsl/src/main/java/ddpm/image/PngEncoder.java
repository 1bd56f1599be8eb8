package ddpm.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** PNG bytes with remarks: tEXt chunks for Latin-1 text, iTXt (UTF-8) for the rest, in the keywords' order. */
final class PngEncoder {
    private static final String FORMAT = "javax_imageio_png_1.0";
    private static final int LONGEST_KEYWORD = 79;

    private PngEncoder() {}

    static byte[] encode(BufferedImage image, Map<String, String> text) throws IOException {
        var writer = ImageIO.getImageWritersByFormatName("png").next();
        try {
            var metadata = writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
            addText(metadata, text);
            var bytes = new ByteArrayOutputStream();
            try (var out = new MemoryCacheImageOutputStream(bytes)) {
                writer.setOutput(out);
                writer.write(new IIOImage(image, null, metadata));
            }
            return bytes.toByteArray();
        } finally {
            writer.dispose();
        }
    }

    private static void addText(IIOMetadata metadata, Map<String, String> text) throws IOException {
        var latin = new IIOMetadataNode("tEXt");
        var international = new IIOMetadataNode("iTXt");
        // Sorted, so that the same picture with the same remarks is the same file.
        for (var remark : new TreeMap<>(text).entrySet()) {
            String keyword = checkKeyword(remark.getKey());
            String value = remark.getValue();
            if (value.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("PNG text \"" + keyword + "\" contains a NUL character");
            }
            if (isLatin(value)) {
                var entry = new IIOMetadataNode("tEXtEntry");
                entry.setAttribute("keyword", keyword);
                entry.setAttribute("value", value);
                latin.appendChild(entry);
            } else {
                var entry = new IIOMetadataNode("iTXtEntry");
                entry.setAttribute("keyword", keyword);
                entry.setAttribute("compressionFlag", "FALSE");
                entry.setAttribute("compressionMethod", "0");
                entry.setAttribute("languageTag", "");
                entry.setAttribute("translatedKeyword", "");
                entry.setAttribute("text", value);
                international.appendChild(entry);
            }
        }
        var root = new IIOMetadataNode(FORMAT);
        for (var kind : new IIOMetadataNode[] {latin, international}) {
            if (kind.hasChildNodes()) {
                root.appendChild(kind);
            }
        }
        metadata.mergeTree(FORMAT, root);
    }

    private static String checkKeyword(String keyword) {
        boolean printable = keyword.chars().allMatch(c -> c >= 32 && c <= 126 || c >= 161 && c <= 255);
        if (keyword.isEmpty()
                || keyword.length() > LONGEST_KEYWORD
                || !printable
                || !keyword.strip().equals(keyword)) {
            throw new IllegalArgumentException("PNG keyword \"" + keyword
                    + "\": 1..79 printable Latin-1 characters are allowed, without a space at either end");
        }
        return keyword;
    }

    private static boolean isLatin(String value) {
        return StandardCharsets.ISO_8859_1.newEncoder().canEncode(value);
    }
}
