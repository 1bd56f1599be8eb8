/**
 * What needs a GPU: tests tagged {@code gpu}, which fail without one and which a default build leaves out, and the
 * benchmark of the gpu-kit. Only JUnit and the library are used here, since the kit brings no more.
 */
package ddpm.tests.gpu;
