/** Text out of files: quoted for messages, and JSON read field by field. */
package ddpm.text;
