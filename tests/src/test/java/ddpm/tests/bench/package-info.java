/** Measurements for people: main classes, not tests. Nothing passes or fails here. */
package ddpm.tests.bench;
