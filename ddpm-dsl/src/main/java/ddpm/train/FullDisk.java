package ddpm.train;

/** What a run does when a checkpoint cannot be written, mostly because the disk is full. The old ones stay either way. */
public enum FullDisk {
    /** Trains on and tries again at the next interval; only the last checkpoint of the run must be written. */
    CONTINUE,
    /** Ends the run with the error. */
    STOP
}
