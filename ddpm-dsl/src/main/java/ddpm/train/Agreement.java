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

/** Whether all ranks train the same run: compared before the first step, and their weights at each checkpoint. */
final class Agreement {
    private Agreement() {}

    /**
     * Compares what the ranks are about to train.
     *
     * @throws RunMismatchException on all ranks, naming the first that differs from rank 0 and in what
     */
    static void requireEqual(Group group, Recipe recipe, RunPlan plan) throws IOException {
        if (group.size() == 1) {
            return;
        }
        var all = group.gather(JSON.std.asString(facts(recipe, plan)).getBytes(StandardCharsets.UTF_8));
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
        var version = Agreement.class.getPackage().getImplementationVersion();
        facts.put("version of ddpm", version == null ? "(not packaged)" : version);
        facts.put("version of libtorch", LibTorch.load().version());
        facts.put("device", recipe.device().kind().toString());
        facts.put("data (fingerprint)", recipe.dataset());
        facts.put("model", recipe.card().metadata().get(ModelLayout.CARD_KEY));
        facts.put("checkpoint interval", plan.checkpointEvery());
        facts.putAll(Resumption.flat(recipe.config()));
        facts.remove("accumulate"); // each rank's own memory decides
        facts.replaceAll((_, value) -> String.valueOf(value));
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
