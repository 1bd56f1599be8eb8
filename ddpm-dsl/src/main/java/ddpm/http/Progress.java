package ddpm.http;

/** Listens to bytes as they arrive, on the calling thread. */
@FunctionalInterface
public interface Progress {
    /**
     * @param name the file
     * @param bytes how many are on disk
     * @param total how many there will be, or -1 if the server does not say
     */
    void at(String name, long bytes, long total);
}
