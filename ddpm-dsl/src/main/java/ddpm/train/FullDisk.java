package ddpm.train;

/** The reaction of a run to a checkpoint that cannot be written, mostly because the disk is full. Old ones stay either way. */
public enum FullDisk {
    /** Trains on and tries again at the next interval; only the last checkpoint of the run must be written. */
    CONTINUE,
    /** Ends the run with the error. */
    STOP
}
