Feature: Medicare: oral therapy comes before a pump

  A pump is covered only where a trial of at least six weeks has shown that oral antispasmodics, or
  other treatment from outside the body, cannot control the spasm: because they do not do enough, or
  because their side effects cannot be borne (NCD 280.14). Any oral antispasmodic counts, not only
  baclofen.

  Background:
    Given the example first-fill of Medicare for J0945

  Rule: Six weeks of oral antispasmodics must have failed before a pump

    Scenario Outline: Six weeks or more are enough: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the claim is decided
      Then it is approved
      And oral_therapy.failed is concluded to be yes
      And rule oral-therapy-not-shown does not hold

      Examples: Oral therapy did not do enough
        | case                      | outcome    | length   |
        | exactly six weeks         | inadequate | 6 weeks  |
        | the same, counted in days | inadequate | 42 days  |
        | a day more than six weeks | inadequate | 43 days  |
        | a year                    | inadequate | 52 weeks |

      Examples: Oral therapy was not tolerated
        | case                         | outcome       | length  |
        | not tolerated, after 42 days | not tolerated | 42 days |
        | not tolerated, after 43 days | not tolerated | 43 days |

    Scenario Outline: Less than six weeks are not enough: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | oral-therapy-not-shown | CO    | 50   | N386 | 1    |
      And oral_therapy.failed is concluded to be no
      And it says "in a trial of at least 6 weeks"

      Examples: Oral therapy did not do enough
        | case                      | outcome    | length    |
        | a day short of six weeks  | inadequate | 41 days   |
        | an hour or two short      | inadequate | 41.9 days |
        | five weeks                | inadequate | 5 weeks   |
        | one day                   | inadequate | 1 day     |
        | zero days, which is known | inadequate | 0 days    |

      Examples: Intolerance does not shorten the trial; the text wants all six weeks
        | case                        | outcome       | length  |
        | not tolerated after 41 days | not tolerated | 41 days |
        | not tolerated after 10 days | not tolerated | 10 days |

    Scenario Outline: Oral therapy that did not fail is no ground for a pump: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | oral-therapy-not-shown | CO    | 50   | N386 | 1    |

      Examples:
        | case                           | outcome   | length   |
        | it worked                      | effective | 42 days  |
        | it worked, and for a long time | effective | 52 weeks |
        | it was never tried             | not tried | 0 days   |

    Scenario Outline: What oral therapy came to settles the claim before its length is known: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And nothing is known about the length of oral therapy
      When the claim is decided
      Then it is recommended for denial
      And the reason is CO 50 with N386 from rule oral-therapy-not-shown
      And it asks nothing

      Examples:
        | case               | outcome   |
        | it worked          | effective |
        | it was never tried | not tried |

    Scenario: A trial of 41 days is too short, whatever came of it
      Given it is known that the length of oral therapy is 41 days
      And nothing is known about the outcome of oral antispasmodics
      When the claim is decided
      Then it is recommended for denial
      And the reason is CO 50 with N386 from rule oral-therapy-not-shown
      And it asks nothing

    Scenario: Physical therapy beside oral therapy is not asked for
      Given it is known that whether physical therapy was given beside oral therapy is no
      When the claim is decided
      Then it is approved

  Rule: What is not known about oral therapy is asked for, and never counts against the patient

    Scenario: Nothing is known about oral therapy
      Given nothing is known about the outcome of oral antispasmodics
      And nothing is known about the length of oral therapy
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the outcome of oral antispasmodics
      And it asks for the length of oral therapy
      And the information request is CO 252 with N706

    Scenario Outline: The length of oral therapy is not known: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And nothing is known about the length of oral therapy
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule oral-therapy-not-shown is not known
      And it asks for the length of oral therapy
      And it does not ask for the outcome of oral antispasmodics

      Examples:
        | case                 | outcome       |
        | it did not do enough | inadequate    |
        | it was not tolerated | not tolerated |

    Scenario: Oral therapy lasted six weeks, and its outcome is not known
      Given nothing is known about the outcome of oral antispasmodics
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for the outcome of oral antispasmodics
      And it does not ask for the length of oral therapy

  Rule: Oral therapy is asked for before a pump, and nowhere else

    Background: Oral therapy was never tried
      Given it is known that the outcome of oral antispasmodics is not tried
      And it is known that the length of oral therapy is 0 days
      And it is known that the reason for the replacement is irreparable

    Scenario Outline: It does not matter to <case>
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And oral_therapy.asked is concluded to be no
      And rule oral-therapy-not-shown does not hold

      Examples:
        | case                              | procedure | units |
        | the screening dose                | 62322     | 1     |
        | a refill                          | 62369     | 4     |
        | a change of the dose              | 62368     | 4     |
        | a new pump in place of an old one | E0786     | 4     |

    Scenario: It does not matter to a revision of the catheter
      Given line 2 has code 62350
      And it is known that the phase of therapy is catheter revision
      When the claim is decided
      Then it is approved
      And oral_therapy.asked is concluded to be no

    Scenario: Void claim: no payment due, so there is no question about oral therapy
      Given the claim has frequency 8
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
      And oral_therapy.asked is concluded to be no
