package ddpm.train;

import java.nio.file.Path;

/** A process that trains a tiny model in a folder, saves every step and tells of each. */
final class TrainUntilKilled {
    private TrainUntilKilled() {}

    public static void main(String[] args) throws Exception {
        var observer = new RunObserver() {
            @Override
            public void saved(Checkpoint checkpoint) {
                System.out.println(checkpoint.step());
            }
        };
        try (var run = TrainingRun.open(Path.of(args[0]), Tiny.recipe(1_000_000), Tiny.plan(1), observer)) {
            run.run();
        }
    }
}
