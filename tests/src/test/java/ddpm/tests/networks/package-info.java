/**
 * A second opinion on layers and networks: the same ones written plainly on JavaCPP's generated classes, in row-major
 * memory, against ours in channels-last memory.
 */
package ddpm.tests.networks;
