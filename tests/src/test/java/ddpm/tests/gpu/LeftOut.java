package ddpm.tests.gpu;

import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/** Says in one line that a build leaves the GPU tests out, before it runs the others. */
public final class LeftOut implements LauncherSessionListener {
    @Override
    public void launcherSessionOpened(LauncherSession session) {
        var excluded = System.getProperty("ddpm.tests.excludedGroups", "");
        if (excluded.equals("gpu")) {
            System.out.println(
                    "Tests that need a GPU are left out; mvn -Pgpu-tests verify runs them, and fails without one.");
        }
    }
}
