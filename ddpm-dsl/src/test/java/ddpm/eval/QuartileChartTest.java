package ddpm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

class QuartileChartTest {
    @Test
    void barsAreAsHighAsTheirErrorsAndAQuarterWithoutImagesHasNone() throws Exception {
        var svg = QuartileChart.svg(new EpsilonMse(
                3,
                0.3,
                0.1,
                List.of(
                        new EpsilonMse.Quartile(0, 24, 1, 0.5, Double.NaN),
                        new EpsilonMse.Quartile(25, 49, 1, 0.25, 0.0),
                        new EpsilonMse.Quartile(50, 74, 0, Double.NaN, Double.NaN),
                        new EpsilonMse.Quartile(75, 99, 1, 0.125, 0.01))));
        assertFalse(svg.contains("NaN\""), svg);
        var rects = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName("rect");
        assertEquals(5, rects.getLength(), "a background and four bars");
        double first = height((Element) rects.item(1));
        assertTrue(first > 100);
        assertEquals(first / 2, height((Element) rects.item(2)), 0.1);
        assertEquals(0, height((Element) rects.item(3)));
        assertEquals(first / 4, height((Element) rects.item(4)), 0.1);
        assertTrue(svg.contains("no images") && svg.contains("t 75..99"), svg);
    }

    private static double height(Element rect) {
        return Double.parseDouble(rect.getAttribute("height"));
    }
}
