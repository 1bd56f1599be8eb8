package ddpm.torch.collective;

import java.util.regex.Pattern;

/** SLURM's compressed lists of hosts and of tasks. */
final class SlurmLists {
    private static final Pattern BRACKETS = Pattern.compile("\\[([0-9]+)[^\\]]*\\]");
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");
    private static final Pattern TASKS = Pattern.compile("([0-9]{1,6})(?:\\(x([0-9]{1,6})\\))?");

    private SlurmLists() {}

    /** The first host of a list such as {@code node[07-09,12],login}: {@code node07}. */
    static String firstHost(String list) {
        int depth = 0;
        int end = 0;
        for (; end < list.length(); end++) {
            char c = list.charAt(end);
            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (c == ',' && depth == 0) {
                break;
            }
        }
        var host = BRACKETS.matcher(list.substring(0, end)).replaceAll("$1");
        if (depth != 0 || !HOST.matcher(host).matches()) {
            throw new IllegalArgumentException("no list of hosts; such as node[01-04],node7 is needed");
        }
        return host;
    }

    /** The tasks of a node by a list such as {@code 2(x3),1}: of nodes 0, 1 and 2 it is 2, of node 3 it is 1. */
    static int tasksOfNode(String list, int node) {
        int end = 0;
        for (var part : list.split(",")) {
            var tasks = TASKS.matcher(part);
            if (!tasks.matches()) {
                throw new IllegalArgumentException("no list of tasks; such as 2(x3),1 is needed");
            }
            end += tasks.group(2) == null ? 1 : Integer.parseInt(tasks.group(2));
            if (node < end) {
                return Integer.parseInt(tasks.group(1));
            }
        }
        throw new IllegalArgumentException("it is of " + end + " nodes, and this is node " + node);
    }
}
