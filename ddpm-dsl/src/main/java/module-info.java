/** The middle floor: modules, diffusion mathematics, data, files, training and evaluation. */
module ddpm.dsl {
    requires transitive ddpm.torch;
    requires com.fasterxml.jackson.core;
    requires com.fasterxml.jackson.jr.ob;
    requires java.net.http;
    requires transitive java.desktop;

    exports ddpm.data;
    exports ddpm.diffusion;
    exports ddpm.eval;
    exports ddpm.eval.digits;
    exports ddpm.eval.inception;
    exports ddpm.eval.quality;
    exports ddpm.http;
    exports ddpm.image;
    exports ddpm.io;
    exports ddpm.model;
    exports ddpm.model.hub;
    exports ddpm.model.onnx;
    exports ddpm.nn;
    exports ddpm.sampling;
    exports ddpm.text;
    exports ddpm.train;

    uses ddpm.model.NetworkType;
}
