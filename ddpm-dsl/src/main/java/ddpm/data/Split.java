package ddpm.data;

/** Which part of a benchmark data set. */
public enum Split {
    /** The training set: 60 000 images of MNIST, 50 000 of CIFAR-10. */
    TRAIN,
    /** The test set: 10 000 images of either. */
    TEST;

    /** {@code train} or {@code test}. */
    @Override
    public String toString() {
        return this == TRAIN ? "train" : "test";
    }
}
