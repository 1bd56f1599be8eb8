package ddpm.cli;

import ddpm.model.Classes;
import java.util.List;
import picocli.CommandLine.Option;

/** Which class of a conditional model all images are of, if of any. */
final class OneClass {
    @Option(
            names = "--class",
            paramLabel = "CLASS",
            description =
                    "Of a model with classes: what the mixtures are, by name or number from 0 (default: it is told"
                            + " none).")
    private String wanted;

    @Option(
            names = "--guidance",
            paramLabel = "W",
            description = "With --class: classifier-free guidance, which insists on the class if above 1, at twice the"
                    + " time (default: 1).")
    private Double guidance;

    /**
     * @param classes the model's
     * @throws IllegalArgumentException for what the model does not have
     */
    ClassPlan plan(Classes classes) {
        if (wanted != null) {
            var plan = ClassChoice.plan(classes, List.of(wanted), guidance);
            if (plan.cycle().size() > 1) {
                throw new IllegalArgumentException("--class " + wanted + ": one class, for all mixtures are of it");
            }
            return plan;
        }
        if (guidance != null) {
            throw new IllegalArgumentException("--guidance " + guidance + ": only with --class, on which it insists");
        }
        if (!classes.isEmpty() && !classes.nullClass()) {
            throw new IllegalArgumentException(
                    "--class is missing: this model was trained with --drop-class 0 and has to"
                            + " be told one; its classes are " + classes);
        }
        return new ClassPlan(classes, List.of(), 1);
    }
}
