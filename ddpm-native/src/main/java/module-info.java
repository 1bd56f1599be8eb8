/** The bottom floor: the only module that speaks to native code. */
module ddpm.torch {
    requires static org.bytedeco.pytorch;
    requires static org.bytedeco.javacpp;

    exports ddpm.torch;
    exports ddpm.torch.collective;
    exports ddpm.torch.cpp;
    exports ddpm.torch.cuda;
}
