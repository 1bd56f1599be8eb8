/** Text for messages, quoted where it comes out of files; and JSON read field by field. */
package ddpm.text;
