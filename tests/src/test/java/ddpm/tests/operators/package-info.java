/**
 * A second opinion on every operator and layer: the same computation through JavaCPP's generated C++ binding, on the same
 * libtorch, compared bit by bit, forward and backward.
 */
package ddpm.tests.operators;
