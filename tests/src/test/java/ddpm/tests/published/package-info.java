/** What a stranger's build sees: the artifacts as they are published, and programs that depend on them. */
package ddpm.tests.published;
