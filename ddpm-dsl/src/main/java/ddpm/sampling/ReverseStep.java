package ddpm.sampling;

import ddpm.diffusion.DeviceTable;
import ddpm.diffusion.ModelOutput;
import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;

/**
 * One step by the coefficients of a {@link ReverseTable}, looked up by a tensor with the step's index: nothing here branches
 * on t, and the same code runs eagerly anywhere and inside a captured graph.
 */
final class ReverseStep implements Solver.Step {
    private final ReverseTable table;
    private final Chain chain;
    private final boolean throughX0;
    private final DeviceTable meanFromX0;
    private final DeviceTable meanFromX;
    private final DeviceTable meanFromLastX0;
    private final DeviceTable sigma;
    private final DeviceTable logSigmaFromOutput;
    private final Tensor lastX0;

    /** Tables and, for solvers that look back, the last estimate of x0 belong to the current scope. */
    ReverseStep(ReverseTable table, Chain chain) {
        this.table = table;
        this.chain = chain;
        boolean looksBack = table.meanFromLastX0() != null;
        boolean learned = table.logSigmaFromOutput() != null;
        throughX0 = looksBack || chain.needsX0();
        meanFromX0 = chain.table(throughX0 ? table.meanFromX0() : table.unclippedFromOutput());
        meanFromX = chain.table(throughX0 ? table.meanFromX() : table.unclippedFromX());
        meanFromLastX0 = looksBack ? chain.table(table.meanFromLastX0()) : null;
        lastX0 = looksBack ? Tensor.zeros(chain.shape(), DType.FLOAT32, chain.device()) : null;
        sigma = chain.table(table.sigma());
        logSigmaFromOutput = learned ? chain.table(table.logSigmaFromOutput()) : null;
    }

    @Override
    public Tensor apply(Tensor xt, Tensor index, Tensor z) {
        return apply(xt, chain.output(xt, index), index, z);
    }

    /** @param output the model's about xt: like xt, or with a second half of channels for a learned variance */
    Tensor apply(Tensor xt, Tensor output, Tensor index, Tensor z) {
        var noise = noise(xt, output, index, z);
        if (!throughX0) { // mean = unclippedFromX x_t - unclippedFromOutput output: eq. 11 for an epsilon model
            return meanFromX
                    .at(index)
                    .mul(xt)
                    .sub(meanFromX0.at(index).mul(ModelOutput.prediction(output, xt)))
                    .add(noise);
        }
        var x0 = chain.x0(xt, output, index);
        var mean = meanFromX0.at(index).mul(x0).add(meanFromX.at(index).mul(xt)); // eq. 7, or the solver's own
        if (lastX0 != null) {
            mean = mean.add(meanFromLastX0.at(index).mul(lastX0));
            lastX0.copyFrom(x0);
        }
        return mean.add(noise); // x_{t-1} = mean + sigma z, and sigma[0] = 0
    }

    /** sigma z; of a learned variance sigma exp(logSigmaFromOutput v) z. */
    private Tensor noise(Tensor xt, Tensor output, Tensor index, Tensor z) {
        var noise = sigma.at(index).mul(z);
        return logSigmaFromOutput == null
                ? noise
                : noise.mul(Ops.exp(logSigmaFromOutput.at(index).mul(ModelOutput.variance(output, xt))));
    }

    @Override
    public boolean addsNoise(int index) {
        return table.sigma().at(index) != 0;
    }
}
