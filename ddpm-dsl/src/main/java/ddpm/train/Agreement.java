package ddpm.train;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.model.ModelLayout;
import ddpm.torch.LibTorch;
import ddpm.torch.Tensor;
import ddpm.torch.collective.Group;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/** Whether all ranks are about to do the same; of a training run, their weights at each checkpoint as well. */
public final class Agreement {
    private Agreement() {}

    /**
     * Compares what the ranks are about to train.
     *
     * @throws RunMismatchException on all ranks, naming the first that differs from rank 0 and in what
     */
    static void requireEqual(Group group, Recipe recipe, RunPlan plan) throws IOException {
        if (group.size() > 1) {
            requireEqual(group, facts(recipe, plan));
        }
    }

    /**
     * Compares facts of the ranks, and the versions of this program and libtorch.
     *
     * @param facts what must be equal, by the name that a message gives it
     * @throws RunMismatchException on all ranks, naming the first that differs from rank 0 and in what
     */
    public static void requireEqual(Group group, Map<String, ?> facts) throws IOException {
        if (group.size() == 1) {
            return;
        }
        var own = new LinkedHashMap<String, String>();
        var version = Agreement.class.getPackage().getImplementationVersion();
        own.put("version of ddpm", version == null ? "(not packaged)" : version);
        own.put("version of libtorch", LibTorch.load().version());
        facts.forEach((name, fact) -> own.put(name, String.valueOf(fact)));
        var all = group.gather(JSON.std.asString(own).getBytes(StandardCharsets.UTF_8));
        var leader = read(all.getFirst());
        for (int rank = 1; rank < all.size(); rank++) {
            var other = read(all.get(rank));
            var keys = new TreeSet<>(leader.keySet());
            keys.addAll(other.keySet());
            for (var key : keys) {
                if (!Objects.equals(leader.get(key), other.get(key))) {
                    throw new RunMismatchException("rank " + rank + " on " + group.host(rank) + " differs from rank 0: "
                            + key + " is " + quote(String.valueOf(other.get(key))) + " there and "
                            + quote(String.valueOf(leader.get(key)))
                            + " on rank 0; start all ranks with the same options, data and version");
                }
            }
        }
    }

    private static Map<String, Object> facts(Recipe recipe, RunPlan plan) throws IOException {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("device", recipe.device().kind().toString());
        facts.put("data (fingerprint)", recipe.dataset());
        facts.put("model", recipe.card().metadata().get(ModelLayout.CARD_KEY));
        facts.put("checkpoint interval", plan.checkpointEvery());
        recipe.validation().ifPresent(images -> {
            facts.put("validation (fingerprint)", images.fingerprint());
            facts.put("validation interval", plan.validateEvery());
            facts.put("validation images", plan.validationImages());
        });
        facts.putAll(Resumption.flat(recipe.config()));
        facts.remove("accumulate"); // each rank's own memory decides
        return facts;
    }

    private static Map<String, Object> read(byte[] json) throws IOException {
        return JSON.std.mapFrom(new String(json, StandardCharsets.UTF_8));
    }

    /**
     * Compares the ranks' weights and averages, bit for bit.
     *
     * @throws IOException on all ranks, naming the first whose weights are not rank 0's
     */
    static void requireEqualWeights(Group group, Trainer trainer) throws IOException {
        if (group.size() == 1) {
            return;
        }
        var sum = new CRC32C();
        for (Tensor flat : new Tensor[] {trainer.model().params().flat(), trainer.ema()}) {
            sum.update(flat.toBytes());
        }
        var all = group.gather(
                ByteBuffer.allocate(Long.BYTES).putLong(sum.getValue()).array());
        for (int rank = 1; rank < all.size(); rank++) {
            if (!ByteBuffer.wrap(all.get(rank)).equals(ByteBuffer.wrap(all.getFirst()))) {
                throw new IOException("after step " + trainer.step() + " rank " + rank + " on " + group.host(rank)
                        + " has other weights than rank 0, and nothing was saved; machines of different processors round"
                        + " differently, so use alike ones, and look after memory that fails");
            }
        }
    }
}
