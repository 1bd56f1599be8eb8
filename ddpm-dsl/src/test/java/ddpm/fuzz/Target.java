package ddpm.fuzz;

import ddpm.data.Cifar10;
import ddpm.data.DataFetch;
import ddpm.data.FolderOptions;
import ddpm.data.ImageFolder;
import ddpm.data.ImageShape;
import ddpm.data.Mnist;
import ddpm.data.RemoteFile;
import ddpm.data.Split;
import ddpm.diffusion.BetaSchedule;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.io.WholeFile;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.train.Checkpoint;
import ddpm.train.MetricsReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Every parser of what comes from outside, each fed with bytes; none may answer but by an exception that it documents. */
enum Target {
    TORCH(".pt", ".pth") {
        @Override
        void parse(byte[] data) throws IOException {
            TensorFiles.open(file("fuzz.pt", data)).values().toString();
        }
    },
    SAFETENSORS(".safetensors") {
        @Override
        void parse(byte[] data) throws IOException {
            TensorFiles.open(Path.of("fuzz.safetensors"), ByteBuffer.wrap(data));
        }
    },
    INDEX(".index.json") {
        @Override
        void parse(byte[] data) throws IOException {
            if (Files.notExists(FOLDER.resolve("a.safetensors"))) {
                Safetensors.write(FOLDER.resolve("a.safetensors"), Map.of("w", BYTE), Map.of());
            }
            TensorFiles.open(file("fuzz.safetensors.index.json", data));
        }
    },
    MODEL(".pt", ".pth", ".safetensors") {
        @Override
        void parse(byte[] data) throws IOException {
            StoredModel.open(file("fuzz.model", data), Weights.EMA).tensors();
        }
    },
    CARD(".card") {
        @Override
        void parse(byte[] data) throws IOException {
            var text = new String(data, StandardCharsets.UTF_8);
            var file = FOLDER.resolve("card.safetensors");
            Safetensors.write(file, Map.of("w", BYTE), Map.of("ddpm", text));
            StoredModel.open(file, Weights.EMA).card();
        }
    },
    UNET("config.json") {
        @Override
        void parse(byte[] data) throws IOException {
            diffusers("config.json", data);
        }
    },
    SCHEDULER("scheduler_config.json") {
        @Override
        void parse(byte[] data) throws IOException {
            diffusers("scheduler_config.json", data);
        }
    },
    STATE("state.json") {
        @Override
        void parse(byte[] data) throws IOException {
            Checkpoint.open(file("state.json", data).getParent());
        }
    },
    METRICS(".jsonl") {
        @Override
        void parse(byte[] data) throws IOException {
            MetricsReader.read(file("metrics.jsonl", data));
        }
    },
    IMAGE(".png", ".jpg", ".jfif", ".gif", ".webp", ".bmp", ".tif") {
        private final FolderOptions options =
                FolderOptions.of(ImageShape.square(3, 16)).withMaxPixels(1 << 20);

        @Override
        void parse(byte[] data) throws IOException {
            ImageFolder.read(file("fuzz.png", data), options);
        }
    },
    IDX("ubyte", "ubyte.gz") {
        @Override
        void parse(byte[] data) throws IOException {
            Mnist.open(file("mnist/train-images-idx3-ubyte", data).getParent(), Split.TRAIN);
        }
    },
    TAR(".tar.gz") {
        @Override
        void parse(byte[] data) throws IOException {
            Cifar10.open(file("fuzz.tar.gz", data), Split.TEST);
        }
    },
    PICTURES(".zip", ".tar", ".tgz") {
        private final FolderOptions options =
                FolderOptions.of(ImageShape.square(3, 16)).withMaxPixels(1 << 20);

        @Override
        void parse(byte[] data) throws IOException {
            ImageFolder.open(file("fuzz.pictures", data), options);
        }
    },
    SCHEDULE(".schedule") {
        @Override
        void parse(byte[] data) throws IOException {
            try {
                BetaSchedule.parse(new String(data, StandardCharsets.UTF_8));
            } catch (IllegalArgumentException documented) {
                throw new IOException(documented);
            }
        }
    },
    HTTP(".http") {
        /** Whatever is asked, the answer is the data. */
        @Override
        void parse(byte[] data) throws IOException {
            Files.deleteIfExists(FOLDER.resolve("http/a.part"));
            try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                var answers = Thread.ofPlatform().daemon().start(() -> answer(server, data));
                var mirror = URI.create("http://127.0.0.1:" + server.getLocalPort() + "/");
                new DataFetch(List.of(mirror))
                        .fetch(List.of(new RemoteFile("a", "0".repeat(32))), FOLDER.resolve("http"), (_, _, _) -> {});
                answers.interrupt();
            }
        }
    };

    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final int LARGEST_SEED = 40_000;
    private static final StoredTensor BYTE = new StoredTensor(DType.UINT8, Shape.of(1), ByteBuffer.allocate(1));

    private static final Path FOLDER = folder();

    private final List<String> seedNames;

    Target(String... seedNames) {
        this.seedNames = List.of(seedNames);
    }

    /** @throws IOException of any kind: the only way in which a parser may refuse */
    abstract void parse(byte[] data) throws IOException;

    /** The small files among the test resources that are of this kind, and what is made for it in {@code fuzz}. */
    List<Path> seeds() throws IOException {
        var seeds = new ArrayList<Path>();
        Files.walkFileTree(RESOURCES, Set.of(), 20, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                var name = file.getFileName().toString();
                if (attributes.size() <= LARGEST_SEED && seedNames.stream().anyMatch(name::endsWith)) {
                    seeds.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        seeds.sort(null);
        return seeds;
    }

    static Path file(String name, byte[] data) throws IOException {
        var file = FOLDER.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, data);
    }

    private static void diffusers(String name, byte[] data) throws IOException {
        var folder = FOLDER.resolve("diffusers");
        if (Files.notExists(folder)) {
            Files.createDirectories(folder);
            for (var file : List.of("config.json", "scheduler_config.json")) {
                Files.copy(RESOURCES.resolve("golden/hf_unet/current").resolve(file), folder.resolve(file));
            }
            var names = Map.of("conv_in.weight", BYTE, "down_blocks.0.resnets.0.conv1.weight", BYTE);
            Safetensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), names, Map.of());
        }
        file("diffusers/" + name, data);
        StoredModel.open(folder, Weights.EMA).card();
    }

    private static void answer(ServerSocket server, byte[] data) {
        while (!server.isClosed()) {
            try (var socket = server.accept()) {
                socket.getInputStream().read(new byte[4096]);
                socket.getOutputStream().write(data);
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static Path folder() {
        try {
            var memory = Path.of("/dev/shm");
            var folder = Files.isDirectory(memory)
                    ? Files.createTempDirectory(memory, "ddpm-fuzz")
                    : Files.createTempDirectory("ddpm-fuzz");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(folder)));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove(Path folder) {
        try {
            WholeFile.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
