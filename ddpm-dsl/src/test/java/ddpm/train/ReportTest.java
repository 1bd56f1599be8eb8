package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.image.Images;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    @TempDir
    Path temp;

    private Map<String, Object> data(String html) throws IOException {
        int from = html.indexOf('>', html.indexOf("id=\"data\"")) + 1;
        return JSON.std.mapFrom(html.substring(from, html.indexOf("</script>", from)));
    }

    @Test
    void aLongRunMakesASmallPageThatKeepsMeansAndBothEnds() throws IOException {
        var folder = new RunFolder(temp);
        Files.createDirectories(folder.samples());
        for (int i = 1; i <= 100; i++) {
            Images.of(new float[] {0, 1, -1, 0}, Shape.of(1, 1, 2, 2)).grid().write(folder.samples(i * 10));
        }
        var steps = new ArrayList<StepMetrics>();
        for (int i = 1; i <= 10_000; i++) {
            steps.add(new StepMetrics(i, i % 2, 1, 1e-3, Double.POSITIVE_INFINITY, 1, 1));
        }
        var html = new Report(folder, Map.of("format", "x"), "", steps, List.of(), List.of()).html();
        assertTrue(html.length() < 200_000, html.length() + " characters");
        var data = data(html);
        var points = (List<?>) data.get("steps");
        assertTrue(points.size() <= 2000 && points.size() > 1000);
        assertEquals(10_000, ((List<?>) points.getLast()).getFirst());
        var losses = points.stream().mapToDouble(p -> ((Number) ((List<?>) p).get(1)).doubleValue());
        assertEquals(0.5, losses.average().orElseThrow(), 1e-3);
        var grids = ((List<?>) data.get("grids"))
                .stream().map(grid -> ((Map<?, ?>) grid).get("step")).toList();
        assertEquals(40, grids.size());
        assertEquals(10, grids.getFirst());
        assertEquals(1000, grids.getLast());
    }

    @Test
    void namesCannotLeaveTheirPlaceInThePage() throws IOException {
        var hostile = "</script><script>alert(1)</script>";
        var html = new Report(new RunFolder(temp), Map.of("data", hostile), hostile, List.of(), List.of(), List.of())
                .html();
        assertFalse(html.contains("alert(1)</script>"));
        assertEquals(hostile, data(html).get("command"));
    }
}
