package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.BetaSchedule;
import ddpm.model.Classes;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.UNetConfig;
import ddpm.torch.DType;
import ddpm.torch.Device;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** {@code --classes, --class, --guidance} and what other commands make of such models. */
class ClassesTest {
    @TempDir
    static Path shared;

    private static Path pictures;
    private static Path pets;

    @TempDir
    Path folder;

    @BeforeAll
    static void pictures() throws IOException {
        pictures = shared.resolve("pictures");
        for (var name : List.of("cat", "dog", "white ibis")) {
            Files.createDirectories(pictures.resolve(name));
            for (int i = 0; i < 2; i++) {
                var picture = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
                picture.getRaster().setSample(2 * i, name.length() % 8, 0, 255);
                ImageIO.write(
                        picture,
                        "png",
                        pictures.resolve(name).resolve(i + ".png").toFile());
            }
        }
        pets = model(shared.resolve("pets.safetensors"), new Classes(List.of("cat", "dog", "white ibis", "7"), true));
    }

    /** Random weights, of which every label makes another image. */
    private static Path model(Path file, Classes classes) throws IOException {
        var network = UNetConfig.of(1, 8, List.of(1, 2), 1, List.of(false, false), 4, 0);
        var card =
                ModelCard.of(network, BetaSchedule.linear(10, 0.05, 0.5), 8, 8).withClasses(classes);
        try (var model = new Model(card, Device.CPU)) {
            var random = new Random(2);
            var values = new float[Math.toIntExact(model.params().flat().shape().numel())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.3 * random.nextGaussian());
            }
            model.params().flat().set(0, values, 0, values.length);
            model.save(file, DType.FLOAT32);
        }
        return file;
    }

    private Cli sample(Path model, String out, Object... options) {
        var all = new ArrayList<Object>(List.of("sample", "--model", model, "-o", folder + "/" + out, "--seed", 5));
        all.addAll(List.of("--threads", 1, "-q"));
        all.addAll(List.of(options));
        return Cli.run(all.toArray());
    }

    private byte[] image(String out, int index) throws IOException {
        return Files.readAllBytes(folder.resolve(out).resolve("image-%06d.png".formatted(index)));
    }

    @Test
    void classesAreLearnedFromSubfoldersAndDrawnByName() throws IOException {
        var run = folder.resolve("run");
        Object[] train = {
            "train",
            "--data",
            pictures,
            "--out",
            run,
            "--classes",
            "auto",
            "--channels",
            1,
            "--size",
            "8x8",
            "--base",
            8,
            "--multipliers",
            "1,2",
            "--res-blocks",
            1,
            "--batch",
            2,
            "--steps",
            2,
            "--schedule",
            "linear(20, 0.01, 0.4)",
            "--threads",
            1,
            "--validate",
            pictures
        };
        var begun = Cli.run(train);
        assertEquals(0, begun.status(), begun.err());
        assertTrue(begun.err().contains("step 2: validation error "), begun.err());
        var model = run.resolve("model.safetensors");

        var info = Cli.run("info", model);
        assertTrue(info.out().contains("classes     3 (cat, dog, white ibis) and the null class"), info.out());
        Map<String, Object> json =
                JSON.std.mapFrom(Cli.run("info", "--json", model).out());
        assertEquals(List.of("cat", "dog", "white ibis"), ((Map<?, ?>) json.get("model")).get("classes"));

        var sampled = sample(model, "s.png", "--class", "white ibis,cat", "--guidance", 2, "-n", 3, "--json");
        assertEquals(0, sampled.status(), sampled.err());
        Map<String, Object> drawn = JSON.std.mapFrom(sampled.out());
        assertEquals(List.of("white ibis", "cat"), drawn.get("classes"));
        assertEquals(2.0, drawn.get("guidance"));
        var text = Files.readString(folder.resolve("s.png"), StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("classes\0white ibis,cat") && text.contains("guidance\0" + "2.0"), "in the picture");

        var measured = Cli.run("evaluate", "--model", model, "--data", pictures, "-q", "--json");
        assertEquals(0, measured.status(), measured.err());
        var coded = Cli.run("compress", "--model", model, "--data", pictures, "-q", "-n", 2, "--steps", 3);
        assertEquals(0, coded.status(), coded.err());

        var folderOfDiffusers = folder.resolve("diffusers");
        var converted = Cli.run("convert", "--to", "diffusers", model, folderOfDiffusers);
        assertEquals(0, converted.status(), converted.err());
        assertTrue(converted.err().contains("class_labels 0..3, the last for no class"), converted.err());
        assertEquals(
                0,
                sample(folderOfDiffusers, "d.png", "--class", "dog", "--guidance", 3, "-n", 1)
                        .status());

        Files.delete(pictures.resolve("cat/0.png"));
        var moved = Cli.run(train);
        assertEquals(1, moved.status(), "other images are another run");
    }

    /** The class belongs to the image's index, so image 2 of a list is the same alone, up to one step of rounding. */
    @Test
    void anImageIsTheSameAloneAndAmongOthers() throws IOException {
        assertEquals(
                0,
                sample(pets, "all/", "--class", "0-2", "-n", 5, "--guidance", 1.5)
                        .status());
        assertEquals(
                0,
                sample(pets, "one/", "--class", "cat,dog,white ibis", "--first", 2, "-n", 1, "--guidance", 1.5)
                        .status());
        assertEquals(
                0,
                sample(pets, "ibis/", "--class", "white ibis", "--first", 2, "-n", 1, "--guidance", 1.5)
                        .status());
        assertArrayEquals(image("one", 2), image("ibis", 2));
        var all = ImageIO.read(folder.resolve("all/image-000002.png").toFile()).getRaster();
        var one = ImageIO.read(folder.resolve("one/image-000002.png").toFile()).getRaster();
        for (int i = 0; i < 64; i++) {
            assertEquals(one.getSample(i % 8, i / 8, 0), all.getSample(i % 8, i / 8, 0), 1, "pixel " + i);
        }
        assertTrue(
                new String(image("all", 4), StandardCharsets.ISO_8859_1).contains("class\0dog"),
                "4 is the second again");
    }

    @Test
    void guidanceOfZeroAsksForNoClassAndOfOneIsThePlainModel() throws IOException {
        for (var each : List.of("cat", "dog")) {
            assertEquals(
                    0,
                    sample(pets, each + "0/", "--class", each, "--guidance", 0, "-n", 1)
                            .status());
            assertEquals(
                    0,
                    sample(pets, each + "1/", "--class", each, "--guidance", 1, "-n", 1)
                            .status());
            assertEquals(0, sample(pets, each + "/", "--class", each, "-n", 1).status());
            assertArrayEquals(image(each + "1", 0), image(each, 0));
        }
        assertArrayEquals(pixels("cat0"), pixels("dog0"));
        assertFalse(Arrays.equals(pixels("cat1"), pixels("dog1")));
        assertFalse(Arrays.equals(pixels("cat0"), pixels("cat1")));
    }

    @Test
    void imagesThatShareALatentAreOfTheClassThatIsAskedForOrOfNone() throws IOException {
        var drawn = new ArrayList<List<Integer>>();
        for (var of : List.of("--class cat", "--class dog", "--class dog --guidance 2", "--guidance 0", "--scale 8")) {
            var options = new ArrayList<Object>(List.of("--share-from", "10,5", "-n", 2, "--scale", 8));
            options.addAll(List.of(of.equals("--scale 8") ? new String[0] : of.split(" ")));
            assertEquals(0, sample(pets, "shared.png", options.toArray()).status());
            var file = folder.resolve("shared.png");
            var raster = ImageIO.read(file.toFile()).getRaster();
            drawn.add(Arrays.stream(raster.getPixels(0, 0, raster.getWidth(), raster.getHeight(), (int[]) null))
                    .boxed()
                    .toList());
            var text = Files.readString(file, StandardCharsets.ISO_8859_1);
            assertEquals(!of.equals("--scale 8"), text.contains("classes\0"), of);
        }
        assertEquals(4, Set.copyOf(drawn).size(), "cat, dog, insistently dog, and none twice");
        assertEquals(drawn.get(3), drawn.get(4));
    }

    @Test
    void imagesWithoutLabelsAreMeasuredAsOfNoClass() throws IOException {
        var flat = Files.createDirectories(folder.resolve("flat"));
        Files.copy(pictures.resolve("cat/1.png"), flat.resolve("1.png"));
        for (var command : List.of("evaluate", "compress")) {
            var run = Cli.run(command, "--model", pets, "--data", flat, "--json", "--threads", 1);
            assertEquals(0, run.status(), run.err());
            assertTrue(
                    run.err().contains("the images have no labels: the model is conditioned on its null class"),
                    run.err());
            var told = Cli.run(command, "--model", pets, "--data", pictures, "-n", 1, "--json", "--threads", 1);
            assertFalse(told.err().contains("told no class"), told.err());
        }
        var strict = model(folder.resolve("strict.safetensors"), new Classes(List.of("cat", "dog"), false));
        var refused = Cli.run("evaluate", "--model", strict, "--data", flat);
        assertEquals(1, refused.status(), refused.err());
        assertTrue(refused.err().contains("1.png has no class"), refused.err());
    }

    private int[] pixels(String out) throws IOException {
        return ImageIO.read(folder.resolve(out + "/image-000000.png").toFile())
                .getRaster()
                .getPixels(0, 0, 8, 8, (int[]) null);
    }

    /** In both latent spaces, and on two threads, of which each has its part of the labels. */
    @ParameterizedTest
    @ValueSource(strings = {"--noising 8", "--latent ddim --steps 5", "--latent ddim --steps 5 --threads 2"})
    void mixturesAreOfTheClassThatIsAskedFor(String latent) throws IOException {
        var drawn = new ArrayList<List<Integer>>();
        for (var of : List.of("--class cat", "--class 0", "--class dog", "--class dog --guidance 2", "--verbose")) {
            var out = folder.resolve("mixed.png");
            var arguments = new ArrayList<Object>(List.of("interpolate"));
            arguments.addAll(List.of(pictures.resolve("cat/1.png"), pictures.resolve("dog/1.png")));
            arguments.addAll(List.of("--model", pets, "-n", 3, "-q", "-o", out));
            arguments.addAll(List.of((latent + " " + of).split(" ")));
            var run = Cli.run(arguments.toArray());
            assertEquals(0, run.status(), run.err());
            var raster = ImageIO.read(out.toFile()).getRaster();
            drawn.add(Arrays.stream(raster.getPixels(0, 0, raster.getWidth(), raster.getHeight(), (int[]) null))
                    .boxed()
                    .toList());
            boolean told = of.startsWith("--class");
            var text = new String(Files.readAllBytes(out), StandardCharsets.ISO_8859_1);
            assertEquals(told, text.contains("class\0" + (of.contains("dog") ? "dog" : "cat")), text);
        }
        assertEquals(drawn.get(0), drawn.get(1));
        assertEquals(4, Set.copyOf(drawn).size(), "cat, dog, insistently dog, and none");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "pets   | --class fox       | --class fox: this model's classes are 4",
                "pets   | --class 0-2       | --class 0-2: one class",
                "pets   | --guidance 2      | --guidance 2.0: only with --class",
                "strict | -q                | --class is missing: this model was trained with --drop-class 0",
                "strict | --class 1 --guidance 2 | --guidance 2.0: only 1 with this model",
                "plain  | --class 7         | --class 7: this model has no classes",
            })
    void mixturesOfWhatAModelDoesNotHaveAreWrongUsage(String name, String options, String message) throws IOException {
        var out = folder.resolve("no.png");
        var arguments = new ArrayList<Object>(List.of("interpolate"));
        arguments.addAll(List.of(pictures.resolve("cat/1.png"), pictures.resolve("dog/1.png")));
        arguments.addAll(List.of("--model", named(name), "-o", out));
        arguments.addAll(List.of(options.split(" ")));
        var run = Cli.run(arguments.toArray());
        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertFalse(Files.exists(out));
    }

    private static List<Integer> labels(List<String> names, String... options) {
        var choice = new ClassOptions();
        new CommandLine(CommandSpec.create().addMixin("choice", CommandSpec.forAnnotatedObject(choice)))
                .parseArgs(options);
        return choice.plan(new Classes(names, true)).cycle();
    }

    @Test
    void namesComeBeforeNumbers() {
        var names = List.of("cat", "dog", "white ibis", "1");
        assertEquals(List.of(3, 0, 2, 3, 1), labels(names, "--class", "1,0,2,3, dog"));
        assertEquals(List.of(0, 1, 2, 3), labels(names));
        assertEquals(List.of(2, 3), labels(names, "--class", "2-3"), "no class is called 2 or 3");
        var ambiguous = assertThrows(IllegalArgumentException.class, () -> labels(names, "--class", "0-2"));
        assertTrue(ambiguous.getMessage().startsWith("--class 0-2: some of these are names of classes"));
    }

    @Test
    void aRangeIsItsNumbersOneByOneAlsoWhereTheyAreNames() {
        var names = List.of("1", "10", "11", "12", "2", "3", "4", "5", "6", "7", "8", "9"); // as folders are sorted
        assertEquals(List.of(0, 4, 5), labels(names, "--class", "1-3"));
        assertEquals(labels(names, "--class", "1,2,3"), labels(names, "--class", "1-3"));
        assertEquals(List.of(11, 1, 2), labels(names, "--class", "9-11"));
        var both = List.of("1-2", "a", "b");
        assertThrows(IllegalArgumentException.class, () -> labels(both, "--class", "1-2"));
        assertEquals(List.of(0), labels(both, "--class", "\"1-2\""));
    }

    @Test
    void namesWithCommasSpacesAndQuotesCanBeGiven() {
        var names = List.of("a, b", " c ", "say \"hi\"", "it's");
        assertEquals(
                List.of(0, 1, 2, 3, 0),
                labels(names, "--class", "\"a, b\",\" c \",\"say \"\"hi\"\"\",it's", "--class", "0"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "pets   | --class fox       | --class fox: this model's classes are 4 (cat, dog, white ibis, 7)",
                "pets   | --class 4         | --class 4: this model's classes are 4 (cat, dog, white ibis, 7); give names, numbers 0..3",
                "pets   | --class 2-1       | --class 2-1: this model's",
                "pets   | --class 0-9       | --class 0-9: this model's",
                "pets   | --class -1        | --class -1: this model's",
                "pets   | --class 0,,1      | --class : this model's",
                "pets   | --class 99999999999 | --class 99999999999: this model's",
                "pets   | --guidance -0.5   | --guidance -0.5: a number of at least 0",
                "pets   | --guidance NaN    | --guidance NaN: a number of at least 0",
                "pets   | --guidance Infinity | --guidance Infinity: a number of at least 0",
                "pets   | --guidance two    | 'two' is not a double",
                "strict | --guidance 2      | --guidance 2.0: only 1 with this model, which has no class for none",
                "strict | --guidance 0      | --guidance 0.0: only 1 with this model",
                "plain  | --class 7         | --class 7: this model has no classes",
                "plain  | --guidance 2      | --guidance 2.0: this model has no classes",
            })
    void whatAModelDoesNotHaveIsWrongUsage(String name, String options, String message) throws IOException {
        var run = sample(named(name), "s.png", (Object[]) options.split(" "));
        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().startsWith("ddpm: "), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertFalse(Files.exists(folder.resolve("s.png")));
    }

    private Path named(String model) throws IOException {
        return switch (model) {
            case "pets" -> pets;
            case "strict" -> model(folder.resolve("strict.safetensors"), Classes.numbered(3, false));
            default -> Cli.tinyModel(folder.resolve("plain.safetensors"));
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--classes 4                   | 2 | have 3 (cat, dog, white ibis); use --classes auto",
                "--classes 0                   | 2 | '0' is not a whole number in 1..2147483647, nor auto",
                "--classes many                | 2 | nor auto",
                "--classes auto --drop-class 1 | 2 | a probability from 0 to below 1, not 1.0",
                "--drop-class 0.2              | 2 | --drop-class 0.2: only with --classes",
                "--classes auto --preset notebook | 2 | cannot be class-conditional",
            })
    void whatCannotBeTrainedIsWrongUsage(String options, int status, String message) {
        var all = new ArrayList<Object>(
                List.of("train", "--data", pictures, "--out", folder.resolve("run"), "--steps", 2));
        all.addAll(List.of("--batch", 2));
        all.addAll(List.of(options.split(" ")));
        var run = Cli.run(all.toArray());
        assertEquals(status, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void aPictureWithoutAClassIsNamed() throws IOException {
        var loose = folder.resolve("loose");
        Files.createDirectories(loose);
        Files.copy(pictures.resolve("dog/0.png"), loose.resolve("a.png"));
        var run = Cli.run("train", "--data", loose, "--out", folder.resolve("run"), "--steps", 1, "--classes", "auto");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("a.png has no class: the name of its sub-folder is its class"), run.err());
        Files.createDirectories(loose.resolve("dog"));
        Files.copy(pictures.resolve("dog/0.png"), loose.resolve("dog/b.png"));
        var measured = Cli.run("evaluate", "--model", pets, "--data", loose, "-q");
        assertEquals(1, measured.status());
        assertTrue(measured.err().contains("a.png has no class"), measured.err());
    }

    @Test
    void otherClassesThanTheModelsCannotBeMeasured() throws IOException {
        Files.createDirectories(folder.resolve("data/fox"));
        Files.copy(pictures.resolve("dog/0.png"), folder.resolve("data/fox/a.png"));
        var run = Cli.run("evaluate", "--model", pets, "--data", folder.resolve("data"), "-q");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("a class 'fox', and the model's classes are cat, dog, white ibis, 7"), run.err());
    }
}
