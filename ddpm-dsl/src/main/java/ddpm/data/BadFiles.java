package ddpm.data;

/** The treatment of files that look like images and cannot be used. */
public enum BadFiles {
    /** The folder is refused, with the first twenty of them named. */
    FAIL,
    /** They are left out, counted, and each is handed to {@link FolderOptions#onBadFile()}. */
    SKIP
}
