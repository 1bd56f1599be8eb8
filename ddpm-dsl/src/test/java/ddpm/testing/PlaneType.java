package ddpm.testing;

import ddpm.model.NetworkType;
import ddpm.nn.Layers;
import ddpm.nn.Network;
import ddpm.nn.NetworkConfig;
import ddpm.nn.ParamPath;
import ddpm.nn.TimeEmbedding;
import ddpm.text.JsonObject;
import ddpm.torch.Tensor;
import java.util.Map;

/** A network that is not of this library: two linear layers over the pixels of an image, found by ServiceLoader. */
public final class PlaneType implements NetworkType<PlaneType.Plane> {
    /** @param pixels channels times height times width */
    public record Plane(int channels, int pixels, int width) implements NetworkConfig {
        @Override
        public int inChannels() {
            return channels;
        }

        @Override
        public Network build(ParamPath path) {
            var sinusoid = new TimeEmbedding(path, width, 1, TimeEmbedding.Order.SINE_FIRST);
            var in = Layers.linear(pixels, width).at(path.sub("in"));
            var out = Layers.sequential(Layers.silu(), Layers.linear(width, pixels))
                    .at(path.sub("out"));
            return new Network() {
                @Override
                public Tensor forward(Tensor x, Tensor t, Tensor labels) {
                    var h = in.forward(x.reshape(x.shape().size(0), -1)).add(sinusoid.forward(t));
                    return out.forward(h).view(x.shape().toArray());
                }

                @Override
                public NetworkConfig config() {
                    return Plane.this;
                }
            };
        }
    }

    @Override
    public String name() {
        return "plane";
    }

    @Override
    public Class<Plane> config() {
        return Plane.class;
    }

    @Override
    public Map<String, Object> write(Plane plane) {
        return Map.of("channels", plane.channels(), "pixels", plane.pixels(), "width", plane.width());
    }

    @Override
    public Plane read(JsonObject json) {
        return new Plane(json.integer("channels"), json.integer("pixels"), json.integer("width"));
    }

    @Override
    public Plane preset(int channels, int height, int width) {
        return new Plane(channels, channels * height * width, 16);
    }
}
