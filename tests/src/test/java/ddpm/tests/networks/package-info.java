/**
 * Second opinions on layers and networks: the same ones written plainly, in row-major memory, on JavaCPP's generated
 * classes and in ONNX Runtime, against ours in channels-last memory.
 */
package ddpm.tests.networks;
