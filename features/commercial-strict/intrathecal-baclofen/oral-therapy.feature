Feature: Commercial Strict: oral therapy, with physical therapy, comes before a screening dose and a pump

  This payer wants six weeks of oral antispasmodics together with physical therapy that did not do
  enough; or intolerance of them, whenever it showed and with or without physical therapy. It wants that
  before the screening dose already.

  Rule: Six weeks with physical therapy that did not do enough, or intolerance at any time

    Background: A request for a new pump; only oral therapy is still unknown
      Given the example pump-request of Commercial Strict for J0945

    Scenario Outline: It is enough: <case>
      Given these facts
        | fact                                                   | value      |
        | the outcome of oral antispasmodics                     | <outcome>  |
        | the length of oral therapy                             | <length>   |
        | whether physical therapy was given beside oral therapy | <physical> |
      When the request is decided
      Then it is approved
      And oral_therapy.failed is concluded to be yes
      And rule oral-therapy-not-shown does not hold

      Examples: It did not do enough
        | case                            | outcome    | length  | physical |
        | six weeks with physical therapy | inadequate | 6 weeks | yes      |
        | the same, counted in days       | inadequate | 42 days | yes      |
        | a day more                      | inadequate | 43 days | yes      |

      Examples: It was not tolerated
        | case                                  | outcome       | length  | physical |
        | on the first day, no physical therapy | not tolerated | 1 day   | no       |
        | a day short of six weeks, the same    | not tolerated | 41 days | no       |
        | after six weeks, the same             | not tolerated | 42 days | no       |
        | with physical therapy                 | not tolerated | 10 days | yes      |
        | physical therapy is not known         | not tolerated | 10 days |          |

    Scenario Outline: It is not enough: <case>
      Given these facts
        | fact                                                   | value      |
        | the outcome of oral antispasmodics                     | <outcome>  |
        | the length of oral therapy                             | <length>   |
        | whether physical therapy was given beside oral therapy | <physical> |
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | oral-therapy-not-shown | CO    | 50   | N130 |
      And oral_therapy.failed is concluded to be no

      Examples:
        | case                                         | outcome    | length   | physical |
        | a day short of six weeks                     | inadequate | 41 days  | yes      |
        | six weeks without physical therapy           | inadequate | 42 days  | no       |
        | half a year without physical therapy         | inadequate | 26 weeks | no       |
        | a day short and without physical therapy     | inadequate | 41 days  | no       |
        | a day short, physical therapy is not known   | inadequate | 41 days  |          |
        | no physical therapy, the length is not known | inadequate |          | no       |
        | it worked                                    | effective  | 52 weeks | yes      |
        | it was never tried                           | not tried  | 0 days   | yes      |

    Scenario: The reason names what was shown
      Given it is known that whether physical therapy was given beside oral therapy is no
      When the request is decided
      Then it is recommended for denial
      And it says "Oral antispasmodics together with physical therapy must fail in a trial of at least 6 weeks"
      And it says "physical therapy: no"

    Scenario Outline: What is missing is asked for, and not denied: <case>
      Given these facts
        | fact                                                   | value      |
        | the outcome of oral antispasmodics                     | <outcome>  |
        | the length of oral therapy                             | <length>   |
        | whether physical therapy was given beside oral therapy | <physical> |
      When the request is decided
      Then it is pended
      And no rule denies it
      And rule oral-therapy-not-shown is not known
      And it asks for <missing>
      And the information request is CO 252 with N706

      Examples:
        | case                                       | outcome    | length  | physical | missing                                                |
        | whether there was physical therapy         | inadequate | 42 days |          | whether physical therapy was given beside oral therapy |
        | how long it was tried                      | inadequate |         | yes      | the length of oral therapy                             |
        | what came of it                            |            | 42 days | yes      | the outcome of oral antispasmodics                     |
        | what came of it, after less than six weeks |            | 41 days | yes      | the outcome of oral antispasmodics                     |
        | what came of it, without physical therapy  |            | 42 days | no       | the outcome of oral antispasmodics                     |
        | everything                                 |            |         |          | the outcome of oral antispasmodics                     |

  Rule: It is asked for before the screening dose as well

    Scenario Outline: The request is <decision>: <case>
      Given the example screening-request of Commercial Strict for J0945
      But these facts
        | fact                                                   | value      |
        | the outcome of oral antispasmodics                     | <outcome>  |
        | the length of oral therapy                             | <length>   |
        | whether physical therapy was given beside oral therapy | <physical> |
      When the request is decided
      Then it is <decision>
      And oral_therapy.asked is concluded to be yes
      And rule oral-therapy-not-shown <truth>

      Examples:
        | case                               | outcome       | length  | physical | decision               | truth         |
        | six weeks with physical therapy    | inadequate    | 42 days | yes      | approved               | does not hold |
        | not tolerated after a week         | not tolerated | 7 days  | no       | approved               | does not hold |
        | a day short                        | inadequate    | 41 days | yes      | recommended for denial | holds         |
        | six weeks without physical therapy | inadequate    | 42 days | no       | recommended for denial | holds         |
        | it worked                          | effective     | 42 days | yes      | recommended for denial | holds         |
        | outcome not known                  |               | 42 days | yes      | pended                 | is not known  |

  Rule: It is asked for nowhere else, and not again once it was certified

    Scenario Outline: It does not matter to <case>
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And the diagnoses G82.51
      And it is known that the phase of therapy is <phase>
      And it is known that the reason for the replacement is irreparable
      And it is known that the outcome of oral antispasmodics is not tried
      And it is known that whether physical therapy was given beside oral therapy is no
      When the request is decided
      Then it is approved
      And oral_therapy.asked is concluded to be no

      Examples:
        | case                              | phase             |
        | a refill                          | refill            |
        | a change of the dose              | dose change       |
        | a revision of the catheter        | catheter revision |
        | a new pump in place of an old one | replacement       |

    Scenario Outline: <case> that was authorized is not asked again
      Given the example authorized-refill-with-procedure of Commercial Strict for J0945
      But the claim has no birth date
      And the drug lines have units <units>
      And the drug lines have ndc <ndc>
      And line 2 has code <procedure>
      And it is known that the outcome of oral antispasmodics is not tried
      And it is known that the documents received is trial_note, oral_history
      When the claim is decided
      Then it is approved
      And oral_therapy.asked is concluded to be yes
      And rule oral-therapy-not-shown does not hold

      Examples:
        | case             | procedure | units | ndc          |
        | A screening dose | 62322     | 1     | 66794-151-01 |
        | A first fill     | 62362     | 4     | 66794-157-02 |
