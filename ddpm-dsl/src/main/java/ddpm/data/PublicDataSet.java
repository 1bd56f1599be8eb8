package ddpm.data;

import java.net.URI;
import java.util.List;

/** The data sets, and the network that judges them, that can be fetched: their files with the published checksums, and where they lie. */
public enum PublicDataSet {
    /** 11 MB; Y. LeCun, C. Cortes and C. Burges. */
    MNIST(
            List.of(
                    new RemoteFile("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                    new RemoteFile("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
                    new RemoteFile("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
                    new RemoteFile("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c")),
            List.of(
                    URI.create("https://ossci-datasets.s3.amazonaws.com/mnist/"),
                    URI.create("https://storage.googleapis.com/cvdf-datasets/mnist/"))),
    /** 170 MB, the binary version; A. Krizhevsky. */
    CIFAR10(
            List.of(new RemoteFile("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")),
            List.of(URI.create("https://www.cs.toronto.edu/~kriz/"))),
    /** 96 MB; the weights of the Inception network of FID, ported from TensorFlow by M. Seitzer. */
    INCEPTION(
            List.of(new RemoteFile(
                    "pt_inception-2015-12-05-6726825d.pth",
                    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2")),
            List.of(URI.create("https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/")));

    private final List<RemoteFile> files;
    private final List<URI> mirrors;

    PublicDataSet(List<RemoteFile> files, List<URI> mirrors) {
        this.files = files;
        this.mirrors = mirrors;
    }

    /** The files, of images named as {@link ImageSets#open} expects them in one folder. */
    public List<RemoteFile> files() {
        return files;
    }

    /** Folders on the web that hold the files, the one to try first leading. */
    public List<URI> mirrors() {
        return mirrors;
    }
}
