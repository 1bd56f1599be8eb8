package ddpm.io;

import java.util.List;

/** A Python tuple while a pickle is read, where tuples and lists must be told apart; its items may be null. */
record PickleTuple(List<Object> items) {
    int size() {
        return items.size();
    }

    Object get(int i) {
        return items.get(i);
    }
}
